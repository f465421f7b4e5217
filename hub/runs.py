"""How the jobs fare, for the technician's page: one row per job, whatever happened last."""

from __future__ import annotations

from peewee import FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table, writing


class JobRun(Table):
    """The last run of a job: when it ended, seconds it took, and the last error with the moment it was met."""

    name = TextField(primary_key=True)
    boot = IntegerField()
    seconds = FloatField()
    took = FloatField()
    error = TextField(null=True)
    error_boot = IntegerField(null=True)
    error_seconds = FloatField(null=True)

    @property
    def ran(self) -> Moment:
        return Moment(self.boot, self.seconds)

    @property
    def failed(self) -> bool:
        """Whether the last run is the one that met the error."""
        return (self.error_boot, self.error_seconds) == (self.boot, self.seconds)


def note_run(name: str, ended: Moment, took: float, error: str | None) -> None:
    """Write down a run of the job `name`; an earlier error stays readable after a run that went well."""
    fields: dict[str, object] = {"boot": ended.boot, "seconds": ended.seconds, "took": took}
    if error is not None:
        fields |= {"error": error, "error_boot": ended.boot, "error_seconds": ended.seconds}
    with writing():
        JobRun.insert(name=name, **fields).on_conflict(conflict_target=[JobRun.name], update=fields).execute()
