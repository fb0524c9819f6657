"""Which key may sign what: the handover notes, from the first key to the one in use."""

from collections.abc import Sequence

from netops.core.dataclass import dataclass, field
from netops.core.errors import UsageError
from netops.journal import note
from netops.journal.keys import Handover, is_signed_by, parse_handover
from netops.journal.model import Finding
from netops.journal.note import SignedNote


@dataclass(slots=True)
class Keychain:
    """The journal's keys in the order of their use, with what is wrong about them."""

    origin: str
    keys: list[Handover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def objection(self, signed: SignedNote, size: int) -> str | None:
        """Return why a note over `size` entries cannot be believed, or None."""
        in_charge = next((key for key in reversed(self.keys) if key.size < size), None)
        if in_charge is not None and is_signed_by(signed, self.origin, in_charge.public):
            return None
        for key in self.keys:
            if is_signed_by(signed, self.origin, key.public):
                return f"is signed by key {self._name(key)}, which was not in charge at that size"
        return "has no signature by a key of this journal"

    def first_key(self) -> str | None:
        """Return the public key that everything rests on, to be compared with a printed one."""
        return note.public_key_text(self.origin, self.keys[0].public) if self.keys else None

    def _name(self, key: Handover) -> str:
        return note.key_id(self.origin, key.public).hex()


def read_keychain(
    origin: str, notes: Sequence[tuple[int, str]], trusted: Sequence[str]
) -> Keychain:
    """
    Return the keychain in the journal's handover notes.

    `trusted` holds public keys known from outside: the first key must be one of them, and so must
    a key that the one before does not vouch for. Raises UsageError when one is not a key.
    """
    known = {_parse_trusted(text) for text in trusted}
    chain = Keychain(origin)
    for size, text in notes:
        try:
            key = parse_handover(text)
        except ValueError as error:
            chain.findings.append(Finding(size + 1, f"a key in the keychain is not valid: {error}"))
            continue
        _judge(chain, key, size, known)
        chain.keys.append(key)
    return chain


def _judge(chain: Keychain, key: Handover, size: int, known: set[bytes]) -> None:
    name = note.key_id(chain.origin, key.public).hex()
    head = note.parse_head(key.note.text)
    if key.size != size or head.origin != chain.origin:
        problem = f"the handover note of key {name} belongs to another place or journal"
        chain.findings.append(Finding(size + 1, problem))
    if key.public in known:
        return
    if not chain.keys:
        if known:
            problem = f"the first key, {name}, is not one of the trusted keys: the whole journal may be replaced"
            chain.findings.append(Finding(size + 1, problem))
    elif not is_signed_by(key.note, chain.origin, chain.keys[-1].public):
        problem = f"key {name} is not vouched for by the key before it"
        chain.findings.append(Finding(size + 1, problem))


def _parse_trusted(text: str) -> bytes:
    try:
        return note.parse_public_key(text)[1]
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a public key: {error}",
            hint="give it as printed by netops: name+id+base64",
        ) from None
