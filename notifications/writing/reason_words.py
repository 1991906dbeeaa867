"""Why something is held back, doubted or over, in every language of the messages.

English is that of the board and the opportunity page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arbedge.names import CloseReason, Language, Reason
from opportunities.board import CLOSED_WORDS
from opportunities.reasons import MEANING, from_mask

_MISSING: Final = "missing"  # the gate's code of a row the scan no longer had

_REASONS: Final[Mapping[str, Mapping[Reason, str]]] = {
    Language.EN: MEANING,
    Language.ES: {
        Reason.STALE: "datos de una pata demasiado viejos, o su liquidación con retraso",
        Reason.LEG_SKEW: "las patas se leyeron con demasiada diferencia de tiempo",
        Reason.FUTURE: "el reloj del exchange va por delante del nuestro",
        Reason.NO_PRICE: "falta un precio o no es positivo",
        Reason.CROSSED: "compra igual o por encima de venta",
        Reason.NO_RATE: "sin tasa de funding, o sin ninguna prevista",
        Reason.INTERVAL_UNKNOWN: "el exchange no ha dicho cada cuánto liquida este contrato",
        Reason.NO_FEE: "sin comisión en la tabla",
        Reason.QUOTE_MISMATCH: "las patas no cotizan ni liquidan en la misma moneda admitida",
        Reason.FROZEN: "la cotización no se mueve mientras las demás sí",
        Reason.IMPLAUSIBLE: "tasa de funding retenida para revisarla",
        Reason.THIN_VOLUME: "volumen de 24 h demasiado pequeño",
        Reason.THIN_INTEREST: "interés abierto demasiado pequeño",
        Reason.WIDE: "diferencial demasiado ancho",
        Reason.THIN_DEPTH: "el libro de órdenes no da para el tamaño",
        Reason.NOT_TRADING: "el instrumento no se negocia",
        Reason.DELISTING: "el instrumento se retira dentro del horizonte",
        Reason.BREAKER: "el cortacircuitos del exchange está abierto",
        Reason.PAUSED: "el exchange está en pausa",
        Reason.SETTLING: "hay una liquidación en curso",
        Reason.DEPEG: "la moneda de cotización ha perdido su paridad",
        Reason.BELOW_THRESHOLD: "no paga lo suficiente tras los costes",
        Reason.NEEDS_BORROW: "necesita monedas prestadas a una tasa que nadie ha dicho",
        Reason.NETWORK_CLOSED: "depósitos o retiradas cerrados",
        Reason.LEVERAGED: "token apalancado",
        Reason.DIVERGENT: "precio lejos de los otros exchanges, identidad sin verificar",
        Reason.QUARANTINED: "probablemente otra moneda con el mismo nombre",
        Reason.VOLATILE: "rango de 24 h demasiado ancho",
        Reason.HISTORY: "las anteriores parecidas no cumplieron lo prometido",
        Reason.RATE_AT_CAP: "tasa en el tope del exchange: solo cuenta el primer pago",
        Reason.NO_HISTORY: "sin pagos anteriores: se cree la mitad de los pagos posteriores",
        Reason.NETWORK_UNKNOWN: "redes de transferencia desconocidas",
        Reason.PROVISIONAL: "identidad provisional",
        Reason.INSTRUMENT_INFERRED: "instrumento deducido de su nombre, el exchange no dio lista",
        Reason.GAP_EXCURSION: "moneda verificada, precios separados: así se ven depósitos cerrados",
        Reason.VOLUME_UNKNOWN: "volumen de 24 h desconocido",
        Reason.INTEREST_UNKNOWN: "interés abierto desconocido",
        Reason.DEPTH_UNKNOWN: "sin libro de órdenes reciente",
    },
    Language.FR: {
        Reason.STALE: "données d’une jambe trop vieilles, ou son règlement en retard",
        Reason.LEG_SKEW: "les jambes ont été lues à des moments trop éloignés",
        Reason.FUTURE: "l’heure de la plateforme avance sur la nôtre",
        Reason.NO_PRICE: "un prix manque ou n’est pas positif",
        Reason.CROSSED: "achat égal ou supérieur à la vente",
        Reason.NO_RATE: "pas de taux de funding, ou aucun de prévu",
        Reason.INTERVAL_UNKNOWN: "la plateforme n’a pas dit à quel rythme ce contrat règle",
        Reason.NO_FEE: "pas de frais dans le barème",
        Reason.QUOTE_MISMATCH: "les jambes n’ont pas la même devise de cotation et de règlement",
        Reason.FROZEN: "la cote ne bouge pas alors que les autres bougent",
        Reason.IMPLAUSIBLE: "taux de funding retenu pour vérification",
        Reason.THIN_VOLUME: "volume sur 24 h trop faible",
        Reason.THIN_INTEREST: "positions ouvertes trop faibles",
        Reason.WIDE: "écart trop large",
        Reason.THIN_DEPTH: "le carnet d’ordres ne porte pas la taille",
        Reason.NOT_TRADING: "l’instrument n’est pas négocié",
        Reason.DELISTING: "l’instrument est retiré avant l’horizon",
        Reason.BREAKER: "le disjoncteur de la plateforme est ouvert",
        Reason.PAUSED: "la plateforme est en pause",
        Reason.SETTLING: "un règlement est en cours",
        Reason.DEPEG: "la devise de cotation a perdu sa parité",
        Reason.BELOW_THRESHOLD: "ne paie pas assez après les coûts",
        Reason.NEEDS_BORROW: "demande un emprunt à un taux que personne n’a donné",
        Reason.NETWORK_CLOSED: "dépôts ou retraits fermés",
        Reason.LEVERAGED: "jeton à effet de levier",
        Reason.DIVERGENT: "prix trop loin des autres plateformes, identité non vérifiée",
        Reason.QUARANTINED: "sans doute une autre monnaie du même nom",
        Reason.VOLATILE: "amplitude sur 24 h trop large",
        Reason.HISTORY: "les précédentes du même genre n’ont pas tenu leur promesse",
        Reason.RATE_AT_CAP: "taux au plafond de la plateforme : seul le premier paiement compte",
        Reason.NO_HISTORY: "pas de règlements passés : la moitié des paiements suivants est crue",
        Reason.NETWORK_UNKNOWN: "réseaux de transfert inconnus",
        Reason.PROVISIONAL: "identité provisoire",
        Reason.INSTRUMENT_INFERRED: "instrument lu de son nom, la plateforme n’a pas de liste",
        Reason.GAP_EXCURSION: "monnaie vérifiée, prix écartés : ainsi se voient des dépôts fermés",
        Reason.VOLUME_UNKNOWN: "volume sur 24 h inconnu",
        Reason.INTEREST_UNKNOWN: "positions ouvertes inconnues",
        Reason.DEPTH_UNKNOWN: "pas de carnet d’ordres récent",
    },
}
_CLOSED: Final[Mapping[str, Mapping[str, str]]] = {
    Language.EN: {**CLOSED_WORDS, _MISSING: "no longer listed"},
    Language.ES: {
        CloseReason.BELOW_HALF: "paga menos de la mitad de lo necesario",
        CloseReason.NEGATIVE: "ya no paga tras los costes",
        CloseReason.GATE: "retenida por un control",
        CloseReason.ENDED: "el instrumento llegó a su fin",
        CloseReason.NO_DATA: "un exchange no envió datos durante demasiado tiempo",
        _MISSING: "ya no figura en las listas",
    },
    Language.FR: {
        CloseReason.BELOW_HALF: "paie moins de la moitié de ce qu’il faut",
        CloseReason.NEGATIVE: "ne paie plus après les coûts",
        CloseReason.GATE: "retenue par un contrôle",
        CloseReason.ENDED: "l’instrument est arrivé à son terme",
        CloseReason.NO_DATA: "une plateforme n’a pas envoyé de données trop longtemps",
        _MISSING: "n’est plus dans les listes",
    },
}
_BY_CODE: Final = {reason.code: reason for reason in Reason}


def meaning(language: str, reason: Reason) -> str:
    """What a reason means, for people."""
    return _REASONS[language][reason]


def doubts(language: str, mask: int) -> list[str]:
    """The notes of a mask: what lowers trust without holding anything back."""
    return [meaning(language, one) for one in from_mask(mask) if not one.rejects]


def ending(language: str, reason: str) -> str | None:
    """Why something closed: the gate itself where one is named after a colon; None if unknown."""
    code, _, gate = reason.partition(":")
    if gate in _BY_CODE:
        return meaning(language, _BY_CODE[gate])
    words = _CLOSED[language]
    return words.get(gate) or words.get(code)
