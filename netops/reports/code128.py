"""Code 128 bar codes (ISO/IEC 15417, code set B) as inline SVG, so that a scanner reads a label."""

#: Widths of bar, space, bar … for the symbol values 0 to 105.
_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232"
).split()
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
