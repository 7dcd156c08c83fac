from . import urls_attend, urls_calendar, urls_events, urls_lines, urls_log, urls_records
from .lectures import urls as urls_lectures

urlpatterns = [
    *urls_calendar.urlpatterns,
    *urls_events.urlpatterns,
    *urls_attend.urlpatterns,
    *urls_lines.urlpatterns,
    *urls_records.urlpatterns,
    *urls_log.urlpatterns,
    *urls_lectures.urlpatterns,
]
