"""The messages in Spanish and French, line by line, and on the channels with less room."""

from __future__ import annotations

import pytest

from arbedge.names import Channel
from notifications.names import Topic
from tests.notifications.factories import facts
from tests.notifications.writing.reading import later, plain, reader, text

SPANISH = {
    Topic.OPENED: [
        "🟢 WIF funding +0.42 % neto en 72 h",
        "▲ Largo OKX +0.0089 % / 4 h",
        "▼ Corto Bybit +0.0900 % / 8 h",
        "51 % APR · cubiertos en 24 h",
        "Costes 0.23 % · +0.40 % con $1 k",
        "Riesgo bajo · datos de hace 5 s",
        "Próximo pago en 37 min",
    ],
    Topic.FADING: [
        "⚠ WIF funding se desvanece: neto +0.12 %, bajó la tasa de Bybit",
        "Se anunció +0.42 %. Puede volver o cerrarse; te lo diremos. Datos de hace 5 s.",
    ],
    Topic.CLOSED: [
        "■ WIF funding cerrada tras 5 h 12 min: prometido +0.42 %, en papel hasta ahora +0.31 %",
        "Por qué: ya no paga tras los costes.",
    ],
    Topic.VENUE_BLIND: [
        "ℹ OKX no envía datos desde hace 10 min",
        "Cerradas sin cifras: 3 (WIF, SXP, APT). Se desconoce si aún pagan.",
        "Mira en OKX antes de actuar sobre ellas.",
    ],
    Topic.ALERT: [
        "ℹ WIF/USDT en OKX está por encima de 2.5: 2.5312 ahora",
        "Tu alerta: breakout",
        "Datos de hace 5 s.",
    ],
    Topic.BROADCAST: ["ℹ Maintenance on Sunday", "De vuelta a las 10:00 UTC."],
    Topic.TEST: [
        "ℹ Mensaje de prueba de ArbEdge",
        "Ha llegado: las oportunidades pueden alcanzarte aquí.",
        "Lo pediste tú en tu canal webhook. No hay nada que hacer.",
    ],
}
FRENCH = {
    Topic.OPENED: [
        "🟢 WIF funding +0.42 % net en 72 h",
        "▲ Long OKX +0.0089 % / 4 h",
        "▼ Short Bybit +0.0900 % / 8 h",
        "51 % APR · couverts en 24 h",
        "Coûts 0.23 % · +0.40 % pour $1 k",
        "Risque faible · données d’il y a 5 s",
        "Prochain paiement dans 37 min",
    ],
    Topic.FADING: [
        "⚠ WIF funding faiblit : net +0.12 %, le taux de Bybit a baissé",
        "Annoncé : +0.42 %. Cela peut revenir ou se fermer ; vous le saurez. Données d’il y a 5 s.",
    ],
    Topic.CLOSED: [
        "■ WIF funding fermée après 5 h 12 min : promis +0.42 %, sur papier jusqu’ici +0.31 %",
        "Pourquoi : ne paie plus après les coûts.",
    ],
    Topic.VENUE_BLIND: [
        "ℹ OKX n’envoie plus de données depuis 10 min",
        "Fermées sans chiffres : 3 (WIF, SXP, APT). On ignore si elles paient encore.",
        "Regardez sur OKX avant d’agir.",
    ],
    Topic.ALERT: [
        "ℹ WIF/USDT sur OKX est au-dessus de 2.5 : 2.5312 maintenant",
        "Votre alerte : breakout",
        "Données d’il y a 5 s.",
    ],
    Topic.BROADCAST: ["ℹ Maintenance on Sunday", "Back at 10:00 UTC."],
    Topic.TEST: [
        "ℹ Message d’essai d’ArbEdge",
        "Il est arrivé : les opportunités peuvent vous joindre ici.",
        "Demandé par vous sur votre canal webhook. Il n’y a rien à faire.",
    ],
}


@pytest.mark.parametrize("topic", SPANISH)
def test_spanish_reads_so(topic: Topic) -> None:
    assert plain(text(topic, who=reader("es")).body).splitlines() == SPANISH[topic]


@pytest.mark.parametrize("topic", FRENCH)
def test_french_reads_so(topic: Topic) -> None:
    assert plain(text(topic, who=reader("fr")).body).splitlines() == FRENCH[topic]


@pytest.mark.parametrize(
    ("language", "expected"),
    [("es", "Ojo: redes de transferencia desconocidas."),
     ("fr", "Attention : réseaux de transfert inconnus.")],
)  # fmt: skip
def test_doubts_are_translated(language: str, expected: str) -> None:
    told = facts(reasons=1 << 42)
    assert expected in plain(text(Topic.OPENED, who=reader(language), facts=told).body)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "1 opportunity"), ("es", "1 oportunidad"), ("fr", "1 opportunité")],
)
def test_one_is_one_in_every_language(language: str, expected: str) -> None:
    items = ((later(0), facts()),)
    body = text(Topic.DIGEST, Channel.WEBHOOK, reader(language), items=items).body
    assert plain(body).splitlines()[0] == f"ℹ {expected}"


def sms(topic: Topic) -> str:
    """A text message without its link."""
    return text(topic, Channel.SMS).body.partition(" \ue006")[0]


def test_a_text_message_says_it_in_one_line() -> None:
    assert sms(Topic.OPENED) == (
        "WIF funding +0.42 % net in 72 h (51 % APR). Long OKX, Short Bybit - costs 0.23 %"
        " - risk low. Next payment in 37 min - data 5 s old"
    )
    assert sms(Topic.FADING) == (
        "WIF funding fading. Net +0.12 %, announced was +0.42 %: Bybit's rate fell."
    )
    assert sms(Topic.CLOSED) == (
        "WIF funding closed after 5 h 12 min. Promised +0.42 %, on paper so far +0.31 %."
        " Why: no longer pays after costs."
    )
    assert sms(Topic.CODE) == "Your ArbEdge code is 418203. Good for 10 minutes."


@pytest.mark.parametrize("topic", Topic)
def test_a_text_message_is_short_enough_for_two(topic: Topic) -> None:
    assert len(sms(topic)) <= 2 * 160


def test_a_push_has_a_title_and_two_lines() -> None:
    made = text(Topic.OPENED, Channel.WEB_PUSH)
    assert plain(made.title) == "🟢 WIF funding +0.42 % net in 72 h (51 % APR)"
    assert plain(made.body).splitlines() == [
        "▲ Long OKX, ▼ Short Bybit · costs 0.23 % · risk low",
        "Next payment in 37 min · data 5 s old",
    ]


def test_slack_and_discord_make_the_same_words_strong() -> None:
    slack = text(Topic.OPENED, Channel.SLACK).body.splitlines()[0]
    discord = text(Topic.OPENED, Channel.DISCORD).body.splitlines()[0]
    assert plain(slack) == "🟢 *WIF* funding *+0.42 %* net in 72 h"
    assert plain(discord) == "🟢 **WIF** funding **+0.42 %** net in 72 h"


def test_an_e_mail_explains_how_the_net_comes_about() -> None:
    body = plain(text(Topic.OPENED, Channel.EMAIL, reader("fr")).body)
    assert "Attendu avant coûts +0.65 %, moins coûts 0.23 % : net +0.42 %." in body
    assert "Sur le capital +0.42 % à 2×." in body


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.WEBHOOK])
def test_subjects_and_fields_carry_no_sign(channel: Channel) -> None:
    assert text(Topic.FADING, channel).title.startswith("WIF funding fading")


@pytest.mark.parametrize("channel", [Channel.SLACK, Channel.DISCORD, Channel.CUSTOM])
def test_previews_carry_the_sign(channel: Channel) -> None:
    assert text(Topic.FADING, channel).title.startswith("⚠ WIF")
