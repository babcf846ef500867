"""Ink on a photographed sheet of paper, whatever the light on it and the ruling beneath.

A photo is the product of what the sheet reflects and the light on it, so it is divided by the
paper around each pixel; long straight lines are taken out; what then stands out from the noise is
ink. Knows nothing of digits and of the way to the network input.
"""

import cv2
import numpy as np

from classifier.ink import borders, ruling, surroundings
from classifier.ink.rims import as_paper

_LEAST_SIDES = 40, 60  # pixels: what is smaller is no photo
_FLAT = 0.45  # share of pixels within a grey level of the commonest: from here on it is no photo
_SEEN, _STRIP = 0.25, 3  # of full ink; pixels along the edge of an even picture
_ALONG = 0.85  # of an edge: what runs along so much of it is an edge of a scan, or of a border
_FADED = 0.7  # of full ink: what is wholly black stays black where a line is taken off
_LINED = 0.08  # of what stands out in an even picture: from here on it has printed lines
_COPY = 256  # pixels: longer side of the copy on which the paper is looked for
_WINDOW = 63  # pixels of the copy: wider than a pen, and than two lines of a bold digit
_LIGHT, _PEN = 32, 15  # pixels: side of a copy for the light alone; a pen on the copy is narrower
_BULGE = 4  # degree of the light's polynomial: lenses darken corners by the fourth power
_STRANGE = 0.1  # of the light: what differs more may be no paper
_CORNERS = 0.6  # of the most light: corners that all get less are dark
_THICK = 0.12  # share of a picture that is ink: from here on it is thick
_AROUND = 0.12  # share of a picture's edge: where more of it is dark, that is no ink
_LEAST_CONTRAST = 0.1  # of the paper's light: the faintest pencil
_UNSURE = 3.0  # pixels: how far the edge of a shadow may be from where it is taken to be
_WAYS = ((1, 0), (0, 1))
_TIES = 0.6  # of what surely is ink
_RIM = 5  # pixels
_NOISE = 6.0  # deviations of the noise that ink stands out by
_DROWNED = 0.6  # of the darkest ink: where it stands out no more than this, noise is smoothed
_LEAST_EXTENT = 0.03  # of the picture's longer side: smaller parts are dirt
_SMALL_EXTENT, _SEVERAL = 0.012, 3  # but for so many that are as large as this
_FILLS = 0.3  # of a picture: the box around a digit that it is cut close to
_CLOSE = 0.4  # of the picture's longer side: ink that large may reach its edge
_CUT_CLOSE, _STROKES = 0.6, 0.6  # of a picture, the box around such ink; of the box, the ink
_RINGS = 4  # pixels: how near the edge that is
_LEANS = 0.5  # of its extent: ink that covers so much of the edge is no digit cut close
_FAINT_TIES = 0.25, 0.4, 0.55  # of full ink: what ties a digit to what runs over the edge
_SLIM, _MOST_TORN = 0.2, 10  # narrower for its height is a line; parts that are looked at


def is_photo(grey: np.ndarray) -> bool:
    """Whether a picture (H, W) float32, 0–1, is a photo: nowhere is its paper just one grey.

    Of MNIST, and of canvases as PNG or poor JPEG, 0.5 to 0.94 is within a grey level of the
    commonest; of rendered photos at most 0.44, mostly 0.1.
    """
    if _is_small(grey):
        return False
    shares = np.bincount(np.rint(grey * 255).astype(np.uint8).ravel(), minlength=256) / grey.size
    return bool(np.convolve(shares, np.ones(3)).max() < _FLAT)


def is_page(ink: np.ndarray) -> bool:
    """Whether what stands out in an even picture, (H, W) float32, 0–1, is more than ink: printed
    lines, or an edge of a scan."""
    if _is_small(ink):
        return False
    mask = ink > _SEEN
    sides = [np.rot90(mask, turns)[:_STRIP].any(axis=0).mean() for turns in range(4)]
    if max(sides) > _ALONG:
        return True
    contrast = _FADED * ink
    left = _without_lines(contrast, 0.0).clip(0)
    return float((contrast - left).clip(0).sum()) > _LINED * float(contrast.sum())


def _is_small(picture: np.ndarray) -> bool:
    return bool(min(picture.shape) < _LEAST_SIDES[0] or max(picture.shape) < _LEAST_SIDES[1])


def find_ink(colours: np.ndarray, rims: np.ndarray | None = None) -> np.ndarray:
    """Ink of a photo (H, W, 1 or 3) float32, 0–1: (H, W) float32, 0–1, all zero if there is none.

    rims: where it has borders as of `rims.rims`, (H, W) bool, or None
    The ink may be darker or lighter than the paper, whichever stands out more.
    """
    contrast = _contrast(colours, colours if rims is None else as_paper(colours, rims))
    noise = _noise(contrast)
    if _NOISE * noise > _DROWNED * np.percentile(contrast, 99.5):
        contrast = cv2.GaussianBlur(contrast, (0, 0), 1)
        noise = _noise(contrast)
    contrast = _without_lines(contrast, noise)
    if rims is not None:
        contrast[rims] = 0
    surely = max(_LEAST_CONTRAST, _NOISE * noise)
    mask = (contrast > surely).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    main = _main_part(parts, stats)
    if main is None:
        return np.zeros(contrast.shape, np.float32)
    full = float(np.percentile(contrast[parts == main], 75))
    low = max(0.25 * full, min(3 * noise, 0.5 * full))
    ink = ((contrast - low) / (full - low)).clip(0, 1)
    # What is fainter ties nothing together: the dark corners of a photo reach far.
    seen = contrast > max(low, _TIES * surely)
    strange = _strangers(np.where(seen, ink, 0), parts == main, rims is not None)
    return np.where(strange, np.float32(0), ink).astype(np.float32)


def _without_lines(contrast: np.ndarray, noise: float) -> np.ndarray:
    """Contrast (H, W) without ruling and the borders of boxes; noise: its standard deviation"""
    # Of boxes first, whose sides would be left as ones, and again, where a line ran beside a side.
    contrast = borders.without_borders(contrast, noise, _LEAST_CONTRAST)
    for turned in (False, True):  # horizontal lines, then vertical ones
        upright = np.ascontiguousarray(contrast.T) if turned else contrast
        upright = ruling.without_lines(upright, noise, _LEAST_CONTRAST)
        contrast = np.ascontiguousarray(upright.T) if turned else upright
    return borders.without_borders(contrast, noise, _LEAST_CONTRAST)


def _contrast(colours: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper around it, as a share of its light: (H, W), 0–1; seen:
    the picture in which paper is looked for"""
    height, width = colours.shape[:2]
    factor = min(1.0, _COPY / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(seen, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    smooth = cv2.resize(_paper(small), (width, height), interpolation=cv2.INTER_LINEAR)
    paper = np.maximum(smooth.reshape(colours.shape), 0.02)
    ratio = 1 - colours / paper
    dark, light = ratio.max(axis=2), (-ratio).max(axis=2)
    contrast = dark if np.percentile(dark, 99.5) >= np.percentile(light, 99.5) else light
    # At the edge of a shadow the paper is known only to a few pixels.
    light = np.log(paper.mean(axis=2))
    slope = cv2.magnitude(*(cv2.Sobel(light, cv2.CV_32F, *way, scale=1 / 8) for way in _WAYS))
    return np.asarray(contrast - _UNSURE * slope)


def _paper(colours: np.ndarray) -> np.ndarray:
    """What the paper would look like without its ink: a small picture (h, w, channels) float32.

    Where ink is thin the median of what is around is paper, once the light is even. Where it fills
    much of the picture, paper is what remains when all that is darker, or lighter, and narrow is
    filled.
    """
    light = _light(colours.mean(axis=2)).reshape(*colours.shape[:2], 1)
    even = (colours / light).clip(0, 1)
    thick = _under_thick_ink(even)
    if thick is not None:
        return np.asarray(thick * light)
    greys = np.rint(even * 255).astype(np.uint8)
    window = min(_WINDOW, 2 * (min(greys.shape[:2]) // 2) - 1)
    rim = window // 2
    wide = (
        cv2.copyMakeBorder(grey, rim, rim, rim, rim, cv2.BORDER_REFLECT)
        for grey in np.moveaxis(greys, 2, 0).copy()
    )
    medians = [cv2.medianBlur(grey, window)[rim:-rim, rim:-rim] for grey in wide]
    smooth = cv2.GaussianBlur(np.dstack(medians).astype(np.float32) / 255, (0, 0), 1.5)
    return np.asarray(smooth.reshape(colours.shape) * light)


def _light(grey: np.ndarray) -> np.ndarray:
    """How much more or less light falls on each pixel of a small picture (h, w) float32 than on
    most, where its corners are dark: (h, w) float32 around 1, as smooth as that of lamps and
    lenses. At a picture's edge a median sees but one side.
    """
    copy = cv2.medianBlur(np.rint(grey * 255).astype(np.uint8), _PEN)
    coarse = np.log(cv2.resize(copy, (_LIGHT, _LIGHT), interpolation=cv2.INTER_AREA) + 5.0).ravel()
    powers = [(k, j) for k in range(_BULGE + 1) for j in range(_BULGE + 1 - k)]
    x, y = np.meshgrid(_middles(_LIGHT), _middles(_LIGHT))
    terms = np.stack([(x**k * y**j).ravel() for k, j in powers], axis=1)
    weights = np.ones(coarse.size)
    for _ in range(3):  # ink and desk count the less, the more they differ
        weighted = terms.T * weights
        fitted = np.linalg.solve(weighted @ terms, weighted @ coarse)
        weights = 1 / (1 + ((coarse - terms @ fitted) / _STRANGE) ** 2)
    y, x = map(_middles, grey.shape)
    light = np.zeros(grey.shape)
    for (k, j), share in zip(powers, fitted, strict=True):
        light += share * np.outer(y**j, x**k)
    light = np.exp(light - light.mean()).astype(np.float32)
    corners = light[[0, 0, -1, -1], [0, -1, 0, -1]]
    return light if corners.max() < _CORNERS * light.max() else np.ones_like(light)


def _middles(count: int) -> np.ndarray:
    """Middles of pixels from -1 to 1, (count,)."""
    return (np.arange(count) + 0.5) * 2 / count - 1


def _under_thick_ink(colours: np.ndarray) -> np.ndarray | None:
    """The same where the ink is thick; None where it is not."""
    grey = cv2.medianBlur(np.rint(colours.mean(axis=2) * 255).astype(np.uint8), 3)
    kernel = np.ones((_WINDOW, _WINDOW), np.uint8)
    masks = []
    for how, sign in ((cv2.MORPH_CLOSE, 1), (cv2.MORPH_OPEN, -1)):
        filled = cv2.morphologyEx(grey, how, kernel).astype(np.float32)
        away = sign * (filled - grey) / np.maximum(filled, 5)
        masks.append(away > max(_LEAST_CONTRAST, 0.5 * np.percentile(away, 99)))
    ink = min(masks, key=lambda mask: mask.mean() + _edge_of(mask).mean())  # paper goes on beyond
    if not _THICK < ink.mean() < 0.5 or _edge_of(ink).mean() > _AROUND:
        return None
    weight = (cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    reach = _WINDOW / 3
    total = cv2.GaussianBlur(weight, (0, 0), reach)
    seen = cv2.GaussianBlur(colours.reshape(*weight.shape, -1) * weight[..., None], (0, 0), reach)
    return np.asarray(seen.reshape(colours.shape) / np.maximum(total, 1e-3)[..., None])


def _edge_of(picture: np.ndarray) -> np.ndarray:
    """The pixels along the edge of a picture."""
    return np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])


def _noise(contrast: np.ndarray) -> float:
    """Standard deviation of the noise, where there is much of it: the light's share makes it differ
    from place to place."""
    grain = np.abs(contrast - cv2.GaussianBlur(contrast, (0, 0), 2))
    rows, columns = (np.array_split(np.arange(n), 6) for n in contrast.shape)
    deviations = []
    for row in rows:
        for column in columns:
            deviations.append(np.median(grain[row[0] : row[-1] + 1, column[0] : column[-1] + 1]))
    # Where most of a picture is ink, its edges are no noise.
    most, least = np.percentile(deviations, [75, 10])
    return 1.5 * float(min(most, 1.8 * least))


def _main_part(parts: np.ndarray, stats: np.ndarray) -> int | None:
    """The largest part that may be ink, as `cv2.connectedComponentsWithStats` counts them: one that
    lies within the picture, or if there is none, one that fills a picture cut close."""
    shape = parts.shape
    extent = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1) / max(shape)
    edge = surroundings.at_the_edge(stats, shape) | surroundings.frames(parts, stats)
    leans = _along_the_edge(parts, len(stats)) > _LEANS * extent * max(shape)
    edge[0], extent[0] = True, 0  # what is no ink
    wide, high, area = stats.T[2:]
    thick = area > 0.02 * (extent * max(shape)) ** 2  # as no ruling is
    thick &= wide * high > _FILLS * shape[0] * shape[1]
    # Of small writing on a large sheet there are several, and they are no scraps of ruling.
    small = ~edge & (extent >= _SMALL_EXTENT)
    small &= np.minimum(wide, high) > 0.25 * np.maximum(wide, high)
    least = _SMALL_EXTENT if small.sum() >= _SEVERAL else _LEAST_EXTENT
    inside, close = ~edge & (extent >= least), thick & ~leans & (extent >= _CLOSE)
    close[0] = False
    # Of a digit that fills the picture and reaches its edge, what lies within may be a crumb.
    if inside.any() and not (close.any() and extent[inside].max() < 0.25 * extent[close].max()):
        return int(np.argmax(np.where(inside, extent, 0)))
    if close.any():
        return int(np.argmax(np.where(close, extent, 0)))
    # The bar of a digit that is cut close leans on the edge, too; there is nothing else then.
    largest = int(np.argmax(wide[1:] * high[1:])) + 1 if len(stats) > 1 else 0
    box = wide[largest] * high[largest]
    fills = box > _CUT_CLOSE * shape[0] * shape[1] and area[largest] < _STROKES * box
    return largest if largest and fills and thick[largest] and _goes_in(parts == largest) else None


def _goes_in(part: np.ndarray) -> bool:
    """Whether a part of ink (H, W) bool is more than a border along the picture's edge."""
    inner = part[_RINGS:-_RINGS, _RINGS:-_RINGS]
    sides = [inner.any(axis=axis).sum() for axis in (0, 1)]
    return min(sides) > _CLOSE * min(part.shape) and not surroundings.is_hollow(part)


def _strangers(ink: np.ndarray, main: np.ndarray, has_rims: bool) -> np.ndarray:
    """Where ink is none of the digits', (H, W) bool: what runs over the picture's edge and is no
    digit cut close by its size, and what is faint. main: (H, W) bool, what surely is a digit's;
    has_rims: what is along the edge may stand on a border that was there"""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    strongest = np.zeros(count, np.float32)
    np.maximum.at(strongest, parts.ravel().astype(int), ink.ravel())
    high = float(np.ptp(np.flatnonzero(main.any(axis=1))) + 1)
    _, _, wide, tall, area = stats.T
    is_high = tall > 0.6 * high
    alike = is_high & (tall < 1.7 * high) & (wide < 1.7 * high)
    alike &= (wide < 0.5 * ink.shape[1]) & (area < 0.6 * wide * tall)
    if not has_rims:
        alike &= _along_the_edge(parts, count) < _LEANS * np.maximum(wide, tall)
    beyond = surroundings.at_the_edge(stats, ink.shape) & ~alike
    strange = beyond | (strongest < 0.6) | surroundings.frames(parts, stats)
    strange[parts[main]] = False
    strange[0] = False
    stays = ~strange[parts] & (parts > 0)
    for k in np.flatnonzero(strange & beyond & is_high)[:_MOST_TORN].tolist():
        stays |= _torn_off(np.where(parts == k, ink, 0), 0.6 * high)
    # The soft rim of what stays is ink, too.
    rim = cv2.dilate(stays.astype(np.uint8), np.ones((_RIM, _RIM)))
    return np.asarray(~stays & ((parts > 0) | (rim == 0)))


def _torn_off(part: np.ndarray, high: float) -> np.ndarray:
    """What of a part of ink that runs over the picture's edge, (H, W), is a digit's all the same,
    (H, W) bool: what faint ink alone ties to the rest, is at least so high, and is no line."""
    torn = np.zeros(part.shape, bool)
    for level in _FAINT_TIES:
        left = np.where(torn, np.float32(0), part)
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((left > level).astype(np.uint8))
        wide, tall = stats.T[2:4]
        free = ~surroundings.at_the_edge(stats, part.shape) & (tall > high)
        free &= np.minimum(wide, tall) > _SLIM * np.maximum(wide, tall)
        free[0] = False
        if free.any():
            mine, others = free[pieces], (pieces > 0) & ~free[pieces]
            to_mine, to_others = (
                cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
                for mask in (mine, others)
            )
            # What is fainter belongs to what it is nearer to.
            torn |= (left > 0) & (to_mine <= np.minimum(to_others, _RIM))
    return torn


def _along_the_edge(parts: np.ndarray, count: int) -> np.ndarray:
    """How many pixels along the picture's edge each part covers, (count,)."""
    rings = [parts[k : len(parts) - k, k : parts.shape[1] - k] for k in range(_RINGS)]
    counts = [np.bincount(_edge_of(ring), minlength=count) for ring in rings if min(ring.shape) > 1]
    return np.max(counts, axis=0) if counts else np.zeros(count, int)
