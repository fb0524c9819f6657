"""Code 128 bar codes (ISO/IEC 15417, code set B) as inline SVG, so that a scanner reads a label."""

#: Widths of bar, space, bar …, six digits each, for the symbol values 0 to 105.
_TABLE = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232"
    "122132122231113222123122123221223211221132221231213212223112312131311222321122"
    "321221312212322112322211212123212321232121111323131123131321112313132113132311"
    "211313231113231311112133112331132131113123113321133121313121211331231131213113"
    "213311213131311123311321331121312113312311332111314111221411431111111224111422"
    "121124121421141122141221112214112412122114122411142112142211241211221114413111"
    "241112134111111242121142121241114212124112124211411212421112421211212141214121"
    "412121111143111341131141114113114311411113411311113141114131311141411131211412"
    "211214211232"
)
_WIDTHS = [_TABLE[start : start + 6] for start in range(0, len(_TABLE), 6)]
_START_B = 104
_STOP = "2331112"
#: Empty modules that a scanner needs at both ends.
_QUIET = 10


def modules(text: str) -> str:
    """Return the symbol as `1` (bar) and `0` (space) modules, quiet zones included."""
    if not text or not all(" " <= character <= "~" for character in text):
        raise ValueError("Code 128 B takes printable ASCII only")
    values = [_START_B, *(ord(character) - 32 for character in text)]
    check = sum(value * max(place, 1) for place, value in enumerate(values)) % 103
    widths = "".join(_WIDTHS[value] for value in [*values, check]) + _STOP
    bars = "".join(("1", "0")[place % 2] * int(width) for place, width in enumerate(widths))
    return "0" * _QUIET + bars + "0" * _QUIET


def svg(text: str) -> str:
    """Return an `<svg>` that stretches to its box; one unit across is one module."""
    pattern = modules(text)
    path, start = [], 0
    for run in pattern.replace("01", "0 1").replace("10", "1 0").split():
        if run[0] == "1":
            path.append(f"M{start} 0h{len(run)}v1h-{len(run)}z")
        start += len(run)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="code128" viewBox="0 0 {len(pattern)} 1" '
        'preserveAspectRatio="none" shape-rendering="crispEdges" aria-hidden="true">'
        f'<path d="{"".join(path)}"/></svg>'
    )
