"""Which labels of a map are ventricle, cortex and infratentorial brain: one mapping for each tool."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ranvier.errors import DefinitionError, InputError, require_choice

__all__ = ["REGIONS", "SITES", "Regions", "regions_preset"]

SITES = ("periventricular", "juxtacortical", "infratentorial", "deep")
"""Sites of a lesion in the brain. Juxtacortical includes cortical; deep is what is none of the others: white
matter away from ventricle and cortex, or deep grey matter."""

TISSUE = ("ventricle", "cortex", "infratentorial")


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Which labels of a map stand for which region.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where the meaning of the labels is written.
    ventricle : tuple of int
        Labels of the lateral ventricles: lesions that touch them are periventricular.
    cortex : tuple of int
        Labels of the cerebral cortex: lesions that touch it are juxtacortical.
    infratentorial : tuple of int
        Labels of brainstem and cerebellum.
    lesion : tuple of int
        Labels by which the map marks lesions themselves. Such a voxel tells no region; it takes that of the
        nearest labelled voxel that is no lesion.
    annotated : tuple of 4 int, optional
        For a map in which the lesions are already labelled by site: the labels of `SITES`, in that order. It
        stands alone, without the other labels.
    note : str
        What a reader must know.

    Raises
    ------
    DefinitionError
        When a region lacks labels, a label stands for two regions, or labels are not whole numbers above 0.

    Examples
    --------
    >>> own = Regions(name="own", source="our atlas", ventricle=(1,), cortex=(2,), infratentorial=(4,))
    >>> own.text()
    "Regions 'own': ventricle 1; cortex 2; infratentorial 4."
    """

    name: str
    source: str
    ventricle: tuple[int, ...] = ()
    cortex: tuple[int, ...] = ()
    infratentorial: tuple[int, ...] = ()
    lesion: tuple[int, ...] = ()
    annotated: tuple[int, int, int, int] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.source:
            raise DefinitionError("regions need a name and a source (where the labels are explained).")
        tissue = {name: getattr(self, name) for name in (*TISSUE, "lesion")}
        if self.annotated is not None:
            if any(tissue.values()):
                raise DefinitionError(
                    f"regions {self.name!r}: labels of sites (annotated) and of tissue; give one of the two."
                )
            if len(self.annotated) != len(SITES):
                raise DefinitionError(
                    f"regions {self.name!r}: {len(self.annotated)} labels of sites; give one for each of "
                    f"{list(SITES)}."
                )
            tissue = {site: (label,) for site, label in zip(SITES, self.annotated, strict=True)}
        elif missing := [name for name in TISSUE if not tissue[name]]:
            raise DefinitionError(
                f"regions {self.name!r} have no label for {' and '.join(missing)}; all of {list(TISSUE)} are "
                "needed to place a lesion."
            )
        owner: dict[int, str] = {}
        for name, labels in tissue.items():
            for label in labels:
                if isinstance(label, bool) or not isinstance(label, int) or label < 1:
                    raise DefinitionError(
                        f"regions {self.name!r}: label {label!r} of {name}; use whole numbers above 0."
                    )
                if owner.setdefault(label, name) != name:
                    raise DefinitionError(
                        f"regions {self.name!r}: label {label} stands for {owner[label]} and for {name}."
                    )

    def text(self) -> str:
        """Say which labels are which in one sentence.

        Returns
        -------
        str
            A sentence with every label; runs of labels are written with a dash.
        """
        if self.annotated is not None:
            parts = [f"{site} {label}" for site, label in zip(SITES, self.annotated, strict=True)]
        else:
            parts = [f"{name} {_runs(getattr(self, name))}" for name in TISSUE]
            if self.lesion:
                parts.append(f"lesion {_runs(self.lesion)}")
        return f"Regions {self.name!r}: {'; '.join(parts)}."

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        fields = dataclasses.asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _runs(labels: tuple[int, ...]) -> str:
    """Write labels in rising order, three or more in a row as first–last."""
    runs: list[list[int]] = []
    for label in sorted(labels):
        if runs and label == runs[-1][-1] + 1:
            runs[-1].append(label)
        else:
            runs.append([label])
    words = [
        f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(str(label) for label in run) for run in runs
    ]
    return ", ".join(words)


_APARC = tuple(
    side + label for side in (1000, 2000) for label in range(1, 36) if label != 4
)  # 4 of each side is the corpus callosum, which is no cortex

_PRESETS = (
    Regions(
        name="lst_ai",
        source="LST-AI (CompImg), LST_AI/annotate.py of its source code: output labels",
        annotated=(1, 2, 4, 3),
        note=(
            "Its annotated lesion mask: every lesion already has its site. LST-AI asks in the order "
            "periventricular, infratentorial, juxtacortical, by one voxel of dilation."
        ),
    ),
    Regions(
        name="lst_ai_msmask",
        source="LST-AI (CompImg), LST_AI/annotate.py of its source code: MSMask labels",
        ventricle=(4,),
        cortex=(2,),
        infratentorial=(5,),
        note="Its map of regions: 1 CSF, 2 grey matter, 3 white matter, 4 ventricles, 5 infratentorial.",
    ),
    Regions(
        name="mindglide",
        source="MindGlide (MS-PINPOINT/mindGlide), labels/README.md",
        ventricle=(8, 9),
        cortex=(7, 14, 15, 16, 17),
        infratentorial=(4, 5, 6, 11),
        lesion=(18,),
        note=(
            "Label 2 holds the third, fourth and fifth ventricle together and is left out: periventricular "
            "means the lateral ventricles. Label 7, temporal lobe, is taken as cortex like the other lobes; "
            "its name does not say so."
        ),
    ),
    Regions(
        name="freesurfer",
        source="FreeSurferColorLUT.txt (freesurfer/freesurfer, distribution)",
        ventricle=(4, 5, 31, 43, 44, 63),
        cortex=(3, 42, *_APARC),
        infratentorial=(7, 8, 15, 16, 46, 47),
        lesion=(77, 78, 79),
        note=(
            "For aseg, aparc+aseg and the maps of SynthSeg, FastSurfer and SAMSEG, which use the same "
            "numbers. Ventricle: lateral ventricles, their temporal horns and the choroid plexus in them. "
            "The label that SAMSEG gives lesions was not found in writing; add it to `lesion`."
        ),
    ),
)

REGIONS: Mapping[str, Regions] = MappingProxyType({regions.name: regions for regions in _PRESETS})
"""The named mappings, each from the published list of labels of its tool."""


def regions_preset(name: str) -> Regions:
    """Give a named mapping of labels to regions.

    Parameters
    ----------
    name : str
        One of `REGIONS`.

    Returns
    -------
    Regions
        The mapping.

    Raises
    ------
    InputError
        When there is no mapping of that name.

    Examples
    --------
    >>> regions_preset("mindglide").ventricle
    (8, 9)
    """
    require_choice("regions", name, REGIONS)
    return REGIONS[name]


def as_regions(regions: Regions | str) -> Regions:
    """Take a mapping or the name of one."""
    if isinstance(regions, Regions):
        return regions
    if isinstance(regions, str):
        return regions_preset(regions)
    raise InputError(f"{regions!r} are no regions; give Regions or one of {list(REGIONS)}.")
