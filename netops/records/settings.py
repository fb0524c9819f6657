"""What netops.yaml says about the record book: who decides, and what is in time."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from netops.core.settings import Duration, Section, written


def _one_line(value: str) -> str:
    if not value.replace("\u3000", " ").isprintable() or not value.strip():
        raise ValueError("one line of text expected")
    return " ".join(value.split())


Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@ -]{0,63}\$?$")]
Person = Annotated[str, AfterValidator(_one_line), Field(max_length=200)]


class RecordSettings(Section):
    """The record book: approvals and deadlines."""

    approvers: dict[Account, Person] = Field(
        default_factory=dict,
        description="Accounts of this machine that approve and reject records, and whose they are "
        "(default: nobody).",
        examples=[{"wangfang": "Wang Fang"}],
    )
    two_accounts: bool = Field(
        default=True,
        description="False lets the account that submitted a record approve it.",
        examples=[True],
    )
    submit_within: Duration = Field(
        default=written("3d"),
        description="A draft older than this is a warning, and critical after twice the time.",
        examples=["3d"],
    )
    approve_within: Duration = Field(
        default=written("3d"),
        description="A submitted record that waits longer for approval is a warning.",
        examples=["3d"],
    )
    close_within: Duration = Field(
        default=written("14d"),
        description="An approved record (a planned one: after its planned end) not closed by then "
        "is a warning.",
        examples=["14d"],
    )
