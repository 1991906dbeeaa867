"""The chart that goes with a message, where the channel can show one and the setting wants it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Final

import structlog
from django.conf import settings

from arbedge.names import Channel
from notifications.models import Message
from notifications.names import Topic
from opportunities import pictures
from opportunities.models import Opportunity

CHANNELS_WITH_PICTURES: Final = (Channel.TELEGRAM, Channel.EMAIL, Channel.DISCORD)
TOPICS: Final = (Topic.OPENED, Topic.RECOVERED)
KEPT: Final = timedelta(days=1)
PICTURE: Final = "waterfall"

log = structlog.get_logger(__name__)


def path(message: Message, channel: Channel) -> str:
    """The file of the message's PNG, drawn once however many recipients it has; "" for none."""
    if not settings.CHARTS_IN_MESSAGES or channel not in CHANNELS_WITH_PICTURES:
        return ""
    if message.topic not in TOPICS or message.opportunity_id is None:
        return ""
    file = Path(settings.DATA_DIR) / "charts" / f"{message.pk}.png"
    if not file.exists():
        one = Opportunity.objects.filter(pk=message.opportunity_id).first()
        if one is None:
            return ""
        try:
            _write(file, pictures.picture(one, PICTURE, "light", "png"))
        except OSError as error:  # a disk that takes no chart is no reason not to tell
            log.warning("charts.not_written", message_id=message.pk, cause=str(error))
            return ""
    return str(file)


def _write(file: Path, picture: bytes) -> None:
    """Puts the whole file in its place at once, and takes away those nobody sends any more."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, suffix=".part")
    with os.fdopen(handle, "wb") as out:
        out.write(picture)
    Path(draft).replace(file)
    oldest = time() - KEPT.total_seconds()
    for other in file.parent.iterdir():
        with suppress(FileNotFoundError):  # another worker was quicker
            if other.stat().st_mtime < oldest:
                other.unlink()
