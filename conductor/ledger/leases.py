"""Leases with fencing epochs: one holder at a time, and none of an older epoch writes (I7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select, update

from conductor.errors import LeaseHeld, LeaseLost
from conductor.ledger.database import insert
from conductor.ledger.rows import Lease
from conductor.ledger.schema import leases, restores
from conductor.ledger.section import Section, reads, writes


class Leases(Section):
    """Who may work on what. Times are the database server's on PostgreSQL, the ledger's `now` on SQLite."""

    def acquire(self, name: str, holder: str, ttl: timedelta, alive: Callable[[str], bool]) -> Lease:
        """Take the lease of a name, with a higher epoch than anyone had before.

        `holder` names one process, so that two pods of one run are two holders; a holder may take its own
        lease again. Another's lease is taken over when it ran out or `alive(its holder)` is False.
        `LeaseHeld` otherwise.
        """
        before = self.lease(name)
        # Asked outside the transaction: the answer may come over a network, and no lock waits for that.
        dead = before is not None and before.holder != holder and not alive(before.holder)
        return self._take(name, holder, ttl, before.epoch if before and dead else None)

    @reads
    def lease(self, connection: Connection, name: str) -> Lease | None:
        """Give the lease of a name if it is held and has not run out."""
        row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
        if row is None or row.holder is None or row.expires_at <= self._database.lease_time(connection):
            return None
        return Lease(row.name, row.holder, row.epoch, row.expires_at)

    @reads
    def epoch(self, connection: Connection, name: str) -> int:
        """Give the epoch above which the next lease of a name will be: that of the last one, or what a restore lifted all to."""
        last = connection.execute(select(leases.c.epoch).where(leases.c.name == name)).scalar_one_or_none()
        floor = connection.execute(select(func.coalesce(func.max(restores.c.floor), 0))).scalar_one()
        return max(last or 0, floor)

    @reads
    def leases(self, connection: Connection) -> tuple[Lease, ...]:
        """Give all leases that are held, run out or not, by name."""
        rows = connection.execute(select(leases).where(leases.c.holder.is_not(None)).order_by(leases.c.name))
        return tuple(Lease(row.name, row.holder, row.epoch, row.expires_at) for row in rows)

    @writes
    def renew(self, connection: Connection, lease: Lease) -> Lease:
        """Extend a lease by the time to live that it was taken for.

        One that ran out is extended too, if nobody took it since. `LeaseLost` if another epoch is current or
        the lease was given back.
        """
        holder, ttl, _ = _hold(connection, lease)
        expires = self._database.lease_time(connection) + ttl
        connection.execute(update(leases).where(leases.c.name == lease.name).values(expires_at=expires))
        return Lease(lease.name, holder, lease.epoch, expires)

    @writes
    def release(self, connection: Connection, lease: Lease) -> None:
        """Give a lease back. One that was lost or given back before changes nothing."""
        mine = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        connection.execute(update(leases).where(mine).values(holder=None, ttl_seconds=None, expires_at=None))

    @reads
    def ensure(self, connection: Connection, lease: Lease) -> None:
        """Pass if the lease is current and has not run out; `LeaseLost` otherwise."""
        _, _, expires = _hold(connection, lease)
        if expires <= self._database.lease_time(connection):
            raise LeaseLost(f"The lease of {lease.name} ran out at {_clock(expires)}")

    @writes
    def raise_epochs(self, connection: Connection, floor: int) -> None:
        """After a restore: end all leases and lift all epochs, also of names never seen, above `floor`.

        `floor` is the highest epoch found in any evidence, plus a margin for leases that had written nothing
        yet. Called before any run starts on the restored ledger.
        """
        connection.execute(insert(connection, restores).values(floor=floor, at=self._database.now()))
        raised = case((leases.c.epoch > floor, leases.c.epoch), else_=floor) + 1
        connection.execute(
            update(leases).values(epoch=raised, holder=None, ttl_seconds=None, expires_at=None)
        )

    @writes
    def _take(
        self, connection: Connection, name: str, holder: str, ttl: timedelta, judged_dead: int | None
    ) -> Lease:
        connection.execute(insert(connection, leases).values(name=name, epoch=0).on_conflict_do_nothing())
        row = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one()
        time = self._database.lease_time(connection)
        free = row.holder in (None, holder) or row.expires_at <= time or row.epoch == judged_dead
        if not free:
            raise LeaseHeld(f"{name} is held by {row.holder} until {_clock(row.expires_at)}")
        floor = connection.execute(select(func.coalesce(func.max(restores.c.floor), 0))).scalar_one()
        lease = Lease(name, holder, max(row.epoch, floor) + 1, time + ttl)
        taken = {
            "epoch": lease.epoch,
            "holder": holder,
            "ttl_seconds": ttl.total_seconds(),
            "expires_at": lease.expires_at,
        }
        connection.execute(update(leases).where(leases.c.name == name).values(taken))
        return lease


def fence(connection: Connection, name: str, epoch: int) -> None:
    """Refuse a write under any epoch but the current, and hold the lease still until the transaction ends.

    A lease that ran out and that nobody took still writes: there is no one to harm. `LeaseLost` otherwise.
    """
    query = select(leases.c.epoch).where(leases.c.name == name).with_for_update()
    current = connection.execute(query).scalar_one_or_none()
    if current is None:
        raise LeaseLost(f"{name} was never leased, so epoch {epoch} may not write to it")
    if current != epoch:
        raise LeaseLost(f"{name} is at epoch {current}: epoch {epoch} may not write to it any more")


def _hold(connection: Connection, lease: Lease) -> tuple[str, timedelta, datetime]:
    row = connection.execute(
        select(leases).where(leases.c.name == lease.name).with_for_update()
    ).one_or_none()
    if row is None or row.holder is None:
        raise LeaseLost(f"The lease of {lease.name} is not held by anyone any more")
    if row.epoch != lease.epoch:
        raise LeaseLost(f"The lease of {lease.name} was taken over by {row.holder} with epoch {row.epoch}")
    return row.holder, timedelta(seconds=row.ttl_seconds), row.expires_at


def _clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
