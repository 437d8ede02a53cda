"""Other words for the same thing in support, in five languages."""

import re

_GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("shipping", "delivery", "dispatch"),
        ("refund", "money back", "reimbursement"),
        ("return", "send back"),
        ("cancel", "terminate", "call off"),
        ("price", "cost", "fee", "charge"),
        ("buy", "purchase", "order"),
        ("password", "passcode", "login credentials"),
        ("log in", "sign in", "login"),
        ("account", "profile"),
        ("invoice", "bill", "receipt"),
        ("time", "duration", "how long"),
        ("broken", "defective", "damaged", "faulty"),
        ("change", "modify", "update", "edit"),
        ("delete", "remove", "erase"),
        ("phone", "telephone", "mobile"),
        ("discount", "coupon", "promo code"),
        ("help", "support", "assistance"),
        ("payment", "pay", "billing"),
        ("error", "problem", "issue", "bug"),
        ("install", "set up", "configure"),
        ("subscription", "plan", "membership"),
    ),
    "de": (
        ("Versand", "Lieferung", "Zustellung"),
        ("Rückerstattung", "Erstattung", "Geld zurück"),
        ("Rückgabe", "Rücksendung", "Retoure"),
        ("kündigen", "stornieren", "abbrechen"),
        ("Preis", "Kosten", "Gebühr"),
        ("kaufen", "bestellen"),
        ("Passwort", "Kennwort"),
        ("anmelden", "einloggen"),
        ("Konto", "Profil", "Account"),
        ("Rechnung", "Beleg", "Quittung"),
        ("defekt", "kaputt", "beschädigt"),
        ("ändern", "aktualisieren", "bearbeiten"),
        ("löschen", "entfernen"),
        ("Gutschein", "Rabatt"),
        ("Fehler", "Problem", "Störung"),
        ("installieren", "einrichten"),
    ),
    "fr": (
        ("livraison", "expédition", "envoi"),
        ("remboursement", "rembourser"),
        ("retour", "renvoyer"),
        ("annuler", "résilier"),
        ("prix", "coût", "tarif", "frais"),
        ("acheter", "commander"),
        ("mot de passe", "code d'accès"),
        ("se connecter", "connexion", "identifiant"),
        ("compte", "profil"),
        ("facture", "reçu"),
        ("cassé", "défectueux", "endommagé"),
        ("modifier", "changer", "mettre à jour"),
        ("supprimer", "effacer"),
        ("réduction", "remise", "code promo"),
        ("erreur", "problème", "panne"),
        ("installer", "configurer"),
    ),
    "es": (
        ("envío", "entrega"),
        ("reembolso", "devolución del dinero"),
        ("devolver", "devolución"),
        ("cancelar", "anular"),
        ("precio", "coste", "tarifa"),
        ("comprar", "pedir"),
        ("contraseña", "clave"),
        ("iniciar sesión", "acceder", "entrar"),
        ("cuenta", "perfil"),
        ("factura", "recibo"),
        ("roto", "defectuoso", "dañado"),
        ("cambiar", "modificar", "actualizar"),
        ("eliminar", "borrar"),
        ("descuento", "cupón"),
        ("error", "problema", "fallo"),
        ("instalar", "configurar"),
    ),
    "ru": (
        ("доставка", "отправка"),
        ("возврат денег", "возмещение"),
        ("вернуть", "возврат"),
        ("отменить", "аннулировать"),
        ("цена", "стоимость", "тариф"),
        ("купить", "заказать"),
        ("пароль", "код доступа"),
        ("войти", "вход", "авторизация"),
        ("аккаунт", "учётная запись", "профиль"),
        ("счёт", "чек", "квитанция"),
        ("сломан", "неисправен", "повреждён"),
        ("изменить", "обновить", "исправить"),
        ("удалить", "стереть"),
        ("скидка", "купон", "промокод"),
        ("ошибка", "проблема", "сбой"),
        ("установить", "настроить"),
    ),
}


def synonyms(text: str, language: str) -> tuple[str, ...]:
    """The text with one expression replaced by another of the same group, once per alternative."""
    found = []
    for group in _GROUPS.get(language, ()):
        for word in group:
            pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
            if pattern.search(text):
                found += [pattern.sub(other, text) for other in group if other.casefold() not in text.casefold()]
                break
    return tuple(dict.fromkeys(found))
