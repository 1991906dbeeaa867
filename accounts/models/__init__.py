"""Who: people and everything that belongs to one."""

from accounts.models.affiliate import Affiliate, Application, Grade, Payout
from accounts.models.audience import Audience
from accounts.models.invitation import Invitation, InvitationBatch, Purpose, Redemption
from accounts.models.key import MOST_KEYS, KeyKind, KeyState, StoredKey
from accounts.models.login import LoginLink, UsedLogin
from accounts.models.preferences import Preferences
from accounts.models.referral import Points, Referral, ReferralCode, Stage
from accounts.models.session import Outcome, Session, SessionState
from accounts.models.subscription import Subscription
from accounts.models.tier_setting import TierSetting
from accounts.models.token import ApiToken
from accounts.models.user import TierSource, User

__all__ = [
    "MOST_KEYS",
    "Affiliate",
    "ApiToken",
    "Application",
    "Audience",
    "Grade",
    "Invitation",
    "InvitationBatch",
    "KeyKind",
    "KeyState",
    "LoginLink",
    "Outcome",
    "Payout",
    "Points",
    "Preferences",
    "Purpose",
    "Redemption",
    "Referral",
    "ReferralCode",
    "Session",
    "SessionState",
    "Stage",
    "StoredKey",
    "Subscription",
    "TierSetting",
    "TierSource",
    "UsedLogin",
    "User",
]
