"""When a schedule fires: pure arithmetic over instants, time zones and calendars. See docs/schedules.md."""
