"""Lesions on MRI: change of counts and volumes since baseline."""

from ranvier.mri.lesions import MEASURES, LesionChange, change

__all__ = ["MEASURES", "LesionChange", "change"]
