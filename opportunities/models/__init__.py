"""What the product remembers of opportunities: their lives, figures, scans and outcomes."""

from opportunities.models.events import Figure, OpportunityEvent
from opportunities.models.ledger import Followed, Outcome
from opportunities.models.limits import LimitProfile, LimitSetting
from opportunities.models.opportunity import Opportunity
from opportunities.models.pruning import PruneRun
from opportunities.models.scans import NearMiss, ScanRecord, Sighting

__all__ = [
    "Figure",
    "Followed",
    "LimitProfile",
    "LimitSetting",
    "NearMiss",
    "Opportunity",
    "OpportunityEvent",
    "Outcome",
    "PruneRun",
    "ScanRecord",
    "Sighting",
]
