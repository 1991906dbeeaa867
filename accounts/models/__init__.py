"""Who: people and everything that belongs to one."""

from accounts.models.affiliate import Affiliate, Application, Grade, Payout
from accounts.models.audience import Audience
from accounts.models.invitation import Invitation, InvitationBatch, Purpose, Redemption
from accounts.models.key import MOST_KEYS, KeyKind, KeyState, StoredKey
from accounts.models.login import LoginLink, UsedLogin
from accounts.models.login_lock import LoginLock
from accounts.models.mute import Mute, Muted
from accounts.models.preferences import Preferences
from accounts.models.referral import Points, Referral, ReferralCode, Stage
from accounts.models.second_factor import BackupCode, TotpDevice
from accounts.models.session import Outcome, Session, SessionState
from accounts.models.subscription import Subscription
from accounts.models.tier_setting import TierSetting
from accounts.models.token import ApiToken
from accounts.models.user import TierSource, User
from accounts.models.web_session import WebSession

__all__ = [
    "MOST_KEYS",
    "Affiliate",
    "ApiToken",
    "Application",
    "Audience",
    "BackupCode",
    "Grade",
    "Invitation",
    "InvitationBatch",
    "KeyKind",
    "KeyState",
    "LoginLink",
    "LoginLock",
    "Mute",
    "Muted",
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
    "TotpDevice",
    "UsedLogin",
    "User",
    "WebSession",
]
