"""The table of the portal: when somebody signed in. Nothing says who, not even whether two were the same phone."""

from __future__ import annotations

from peewee import AutoField, FloatField, IntegerField

from hub.db import Table


class PortalSignIn(Table):
    """A moment at which a phone accepted that had not before."""

    number = AutoField()
    epoch = IntegerField()
    boot = IntegerField()
    seconds = FloatField()
