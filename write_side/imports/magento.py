"""What Magento's product file packs into one cell, unpacked. Pure."""

import re
from collections.abc import Mapping
from itertools import zip_longest

import msgspec

from write_side.imports.images import SaidImage
from write_side.imports.rejecting import Rejected

NEEDED = ("sku", "store_view_code", "configurable_variations")
KINDS = ("simple", "virtual", "downloadable", "configurable", "")
SEPARATOR = "\x1f"

_next_variation = re.compile(r"\|(?=sku=)")
_next_pair = re.compile(r'"?,"?(?=[A-Za-z][A-Za-z0-9_]*=)')
_INTERNAL = ("has_options", "required_options")


def variations(cell: str) -> dict[str, dict[str, str]]:
    """`sku=A-S,size=S,colour=Red|sku=…` as SKU → axis → value."""
    found: dict[str, dict[str, str]] = {}
    for variation in _next_variation.split(cell.strip()) if cell.strip() else ():
        options = _pairs(variation)
        if sku := options.pop("sku", ""):
            found[sku] = options
    return found


def translated(said: Mapping[str, str], image_base: str) -> dict[str, str]:
    """A line's fields, and what those of `magento:` say in ours. Raises `Rejected`."""
    if said.get("magento:view"):
        raise Rejected("store_view", f"what a line says for the store view {said['magento:view'][:40]!r} is not taken")
    if (kind := said.get("magento:kind", "")) not in KINDS:
        raise Rejected("unsupported_kind", f"a product of the kind {kind[:40]!r} is not taken")
    ours = dict(said)
    if "magento:categories" in said:
        ours["category"] = _category(said["magento:categories"])
    if "magento:attributes" in said:
        ours["features"] = _features(said["magento:attributes"])
    images = _images(said, image_base)
    if images is not None:
        ours["json:images"] = msgspec.json.encode(images).decode()
    if said.get("magento:visibility") == "Not Visible Individually" and ours.get("status") == "active":
        ours["status"] = "draft"
    return ours


def _pairs(text: str) -> dict[str, str]:
    pairs = (pair.strip().strip('"').partition("=") for pair in _next_pair.split(text))
    return {key.strip(): value.strip() for key, separator, value in pairs if separator}


def _category(cell: str) -> str:
    """The first path; the root, which every path begins with, is none of the shop's."""
    names = cell.split(",")[0].split("/")
    return SEPARATOR.join(names[1:] if len(names) > 1 else ())


def _features(cell: str) -> str:
    """`material=Wool,climate=Cool|Windy` as `material:Wool|climate:Cool|climate:Windy`."""
    return "|".join(
        f"{key.replace(':', ' ')}:{value}"
        for key, values in _pairs(cell).items()
        if key not in _INTERNAL
        for value in values.split("|")
    )


def _images(said: Mapping[str, str], base: str) -> list[SaidImage] | None:
    """Images with their labels. None, so that they stay as they are, where the file has no column for them."""
    if "magento:image" not in said:
        return None
    more = _parts(said.get("magento:images", ""))
    labels = _parts(said["magento:labels"]) if "magento:labels" in said else [None] * len(more)
    paths, alts = [said["magento:image"], *more], [said.get("magento:label"), *labels]
    images: dict[str, SaidImage] = {}
    for path, alt in zip_longest(paths, alts, fillvalue=""):
        if path:
            images.setdefault(path, SaidImage(whole(path, base), alt, None))
    return list(images.values())


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",")]


def whole(path: str, base: str) -> str:
    """An address; a path gets the base before it, and stays one without."""
    if "://" in path or not path or not base:
        return path
    return f"{base.rstrip('/')}/{path.lstrip('/')}"
