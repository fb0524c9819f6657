"""What both databases share: named statements, transactions and their rules, one lock for threads."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from types import TracebackType
from typing import Any, ClassVar, Self

from netops.core.errors import NetopsError
from netops.store.queries import Query, find_query
from netops.store.values import Value, storable_values

Row = Mapping[str, Any]


class Connection(ABC):
    """
    One connection that the threads of a run may share.

    A statement that fails inside a transaction dooms it: later statements are refused and the end
    of the block raises, even where the caller swallowed the first error. PostgreSQL does that by
    itself but ends such a block in silence; SQLite would keep the rest.
    """

    dialect: ClassVar[str]
    _begin: ClassVar[str]
    #: The base class of the driver's errors.
    _errors: type[Exception]

    def __init__(self, name: str) -> None:
        #: How messages call this database.
        self.name = name
        self._lock = RLock()
        self._depth = 0
        self._doomed = False

    def execute(self, name: str, /, **values: object) -> list[Row]:
        """
        Run the named statement and return its rows.

        Raises KeyError for an unknown name, TypeError unless exactly its parameters are given, and
        NetopsError (one of its kinds) for everything that goes wrong in the database.
        """
        query = find_query(name)
        query.check(values)
        plain = storable_values(name, values)
        with self._lock:
            self._refuse_when_doomed()
            try:
                return self._run(query, plain)
            except self._errors as error:
                self._doomed = self._depth > 0
                raise self._translate(error, f"{self.name}: {name}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Group statements: all or none. Inside another transaction it is a savepoint.

        Other threads wait until the block ends, so keep slow work out of it.
        """
        with self._lock:
            self._refuse_when_doomed()
            level = self._depth
            self._command(self._begin if level == 0 else f"SAVEPOINT level_{level}")
            self._depth = level + 1
            try:
                yield
                self._refuse_when_doomed()
                self._command("COMMIT" if level == 0 else f"RELEASE SAVEPOINT level_{level}")
            except BaseException:
                self._undo(level)
                raise
            finally:
                self._depth = level

    def script(self, sql: str) -> None:
        """Run several statements without parameters, in one transaction."""
        with self.transaction():
            try:
                self._run_script(sql)
            except self._errors as error:
                self._doomed = True
                raise self._translate(error, self.name) from error

    def close(self) -> None:
        """Let go of the connection; a second call does nothing."""
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _refuse_when_doomed(self) -> None:
        if self._doomed:
            raise NetopsError(
                f"{self.name}: an earlier statement of this transaction failed",
                hint="nothing of the transaction was written; the first error tells why",
            )

    def _command(self, sql: str) -> None:
        try:
            self._send(sql)
        except self._errors as error:
            raise self._translate(error, f"{self.name}: {sql}") from error

    def _undo(self, level: int) -> None:
        """Go back to before `level`; where that fails, the transaction around it is lost too."""
        self._doomed = False
        if not self._in_transaction():
            self._doomed = level > 0
            return
        try:
            if level == 0:
                self._send("ROLLBACK")
            else:
                self._send(f"ROLLBACK TO SAVEPOINT level_{level}")
                self._send(f"RELEASE SAVEPOINT level_{level}")
        except self._errors:
            self._doomed = level > 0

    @abstractmethod
    def _run(self, query: Query, values: Mapping[str, Value]) -> list[Row]:
        """Send one statement and fetch every row."""

    @abstractmethod
    def _run_script(self, sql: str) -> None:
        """Send several statements inside the open transaction."""

    @abstractmethod
    def _send(self, sql: str) -> None:
        """Send one statement that has no parameters and no rows."""

    @abstractmethod
    def _in_transaction(self) -> bool:
        """Tell whether a transaction is open on the driver's side."""

    @abstractmethod
    def _translate(self, error: Exception, what: str) -> NetopsError:
        """Tell a driver's error as a netops error."""

    @abstractmethod
    def _close(self) -> None:
        """Close the driver's connection."""
