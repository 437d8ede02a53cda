"""Words that say nothing about what a text is about.

`FUNCTION_WORDS` (English: Lucene's 33) are left out of every field. `ASKING_WORDS`, question words and
pronouns, are left out of question and answer together, but kept in the question field: whether it asks how,
what or when decides between entries of an FAQ.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = {
    "en": _words(
        """a an and are as at be but by for if in into is it no not of on or such that the their then there
        these they this to was will with"""
    ),
    "de": _words(
        """der die das den dem des ein eine einen einem einer eines und oder aber auch als an am auf aus bei
        beim bis durch für im in ins ist sind war waren wird werden mit nach nicht kein keine nur ob seit sich
        so um und unter vom von vor zu zum zur über dass es wenn dann da dies diese dieser dieses diesen"""
    ),
    "fr": _words(
        """le la les l un une des de du d et ou mais au aux à en dans par pour sur sous avec sans est sont
        était sera ne n pas non ce c cet cette ces cela ça se s si il elle ils elles y que qu puis donc entre
        vers chez"""
    ),
    "es": _words(
        """el la los las lo un una unos unas y e o u pero a al de del en por para con sin sobre entre hasta
        desde es son era fue será ser no ni se si su sus este esta estos estas ese esa esos esas eso esto que
        como así"""
    ),
    "ru": _words(
        """и а но или да же бы ли не ни в во на с со к ко о об обо от ото из изо у по за под над до для без
        при про через между это этот эта эти этого этой этом тот та те то быть был была было были будет есть
        если так вот уже"""
    ),
}

ASKING_WORDS = {
    "en": _words(
        """what how why when where who whom whose which i me my mine myself we us our ours ourselves you your
        yours yourself yourselves he him his himself she her hers herself its itself them theirs
        themselves"""
    ),
    "de": _words(
        """was wie warum wieso weshalb wann wo wohin woher wer wen wem wessen welche welcher welches welchen
        welchem wozu womit ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere du dich
        dir dein deine deinen deiner ihr euch euer eure sie ihnen ihre ihren ihrem ihrer er ihn ihm sein seine
        man"""
    ),
    "fr": _words(
        """quoi comment pourquoi quand où qui quel quelle quels quelles lequel laquelle combien je j me m moi
        mon ma mes nous notre nos tu te t toi ton ta tes vous votre vos lui leur leurs son sa ses on"""
    ),
    "es": _words(
        """qué cómo cuándo dónde quién quiénes cuál cuáles cuánto cuánta cuántos cuántas adónde yo me mi mis mí
        nosotros nos nuestro nuestra nuestros nuestras tú te tu tus ti usted ustedes él ella ellos ellas le
        les suyo suya"""
    ),
    "ru": _words(
        """что чего чему чем как какой какая какое какие каком каким почему зачем когда где куда откуда кто
        кого кому кем чей сколько который которая которое которые я меня мне мной мой моя мое моё мои моего
        моей мою мы нас нам нами наш наша наше наши ты тебя тебе твой твоя вы вас вам вами ваш ваша ваше ваши
        он его ему им она ее её ей они их"""
    ),
}
