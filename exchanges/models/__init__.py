"""What the database keeps of the outside world. Each family of tables has its own file."""

from exchanges.models.fees import FeeGroupMember, FeeRate
from exchanges.models.funding import SettledFunding
from exchanges.models.instruments import STATUSES, Instrument
from exchanges.models.networks import NetworkStatus
from exchanges.models.venues import VenueRecord
from exchanges.models.verdicts import CoinVerdict

__all__ = [
    "STATUSES",
    "CoinVerdict",
    "FeeGroupMember",
    "FeeRate",
    "Instrument",
    "NetworkStatus",
    "SettledFunding",
    "VenueRecord",
]
