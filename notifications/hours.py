"""When something may go out: the quiet hours, and the hour of somebody's daily summary. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from branches.policy import Policy

# On the hour and the half everybody sends; WeCom asks for other minutes (RULES.md 4.2).
MINUTE = 5


@dataclass(frozen=True)
class SendingHours:
    """Hours of the day, local time: nothing goes out from `quiet_from` until `quiet_until` of the next morning."""

    quiet_from: int
    quiet_until: int
    digest: int

    @classmethod
    def in_force(cls, policy: Policy, on: date) -> SendingHours:
        """What the college decided, as it holds on a day."""
        return cls(
            quiet_from=policy.number("quiet_from_hour", on),
            quiet_until=policy.number("quiet_until_hour", on),
            digest=policy.number("digest_hour", on),
        )

    def is_quiet(self, hour: int) -> bool:
        return hour >= self.quiet_from or hour < self.quiet_until

    def loud_hours(self) -> list[int]:
        """The hours in which something may go out, to choose from."""
        return [hour for hour in range(24) if not self.is_quiet(hour)]

    def quiet_ends(self, now: datetime) -> datetime | None:
        """When what waits in the quiet hours of this moment may go out; None when it is not quiet."""
        local = timezone.localtime(now)
        if not self.is_quiet(local.hour):
            return None
        morning = local.date() + timedelta(days=1 if local.hour >= self.quiet_from else 0)
        return _at(morning, self.quiet_until)

    def digest_at(self, on: date, own_hour: int | None) -> datetime:
        """When the summary of a day goes out: at the person's own hour or the college's; never in the quiet hours."""
        hour = self.digest if own_hour is None else own_hour
        # An hour that became quiet after it was chosen: as soon as something may go out.
        return _at(on, self.quiet_until if self.is_quiet(hour) else hour)


def _at(on: date, hour: int) -> datetime:
    """A few minutes past the hour of a day."""
    return timezone.make_aware(datetime.combine(on, time(hour, MINUTE)))
