"""Ways to reach somebody. Each sends one message for one recipient and says by its exception why it did not.

Outside texts carry no names of mentees and no categories (RULES.md P5): the kinds' texts are written so.
"""

from ..models import Channel
from .base import DeliveryChannel, PortalChannel, RateLimited, TryLater, Undeliverable
from .email import EmailChannel
from .robots import RobotChannel
from .wecom import WecomAppChannel

__all__ = ["CHANNELS", "DeliveryChannel", "RateLimited", "TryLater", "Undeliverable"]

CHANNELS: dict[str, DeliveryChannel] = {
    Channel.PORTAL: PortalChannel(),
    Channel.EMAIL: EmailChannel(),
    Channel.WECOM: WecomAppChannel(),
    Channel.ROBOT: RobotChannel(),
}
