"""A map with a place for everything: boxes, words, lines, in units that are pixels on a screen."""

from typing import NamedTuple

from netops.core.dataclass import dataclass, field
from netops.topology.drawing.chart import Mark

Point = tuple[float, float]


class Label(NamedTuple):
    """One line of text that fits where it stands."""

    x: float
    y: float
    text: str
    size: float
    #: CSS classes.
    style: str = ""
    anchor: str = "start"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A device (or what stands for one), with its words."""

    x: float
    y: float
    width: float
    height: float
    #: CSS classes.
    style: str
    labels: tuple[Label, ...] = ()
    title: str = ""
    mark: Mark = Mark.SAME
    uid: str = ""

    @property
    def middle(self) -> float:
        """Return the height at which lines meet it."""
        return self.y + self.height / 2

    def covers(self, other: "Box") -> bool:
        """Tell whether the two overlap."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, square at every turn."""

    points: tuple[Point, ...]
    style: str = ""
    thickness: float = 1.2
    title: str = ""
    mark: Mark = Mark.SAME
    #: Where the sign of its mark stands.
    sign: Point | None = None
    #: More than one cable: drawn as a double line.
    is_bundle: bool = False


@dataclass(slots=True)
class Plan:
    """Everything to draw, back to front."""

    width: float = 0
    height: float = 0
    frames: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[tuple[Point, str]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    squares: list[Box] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def add(self, *lines: Line) -> None:
        """Add lines."""
        self.lines += lines
