"""Read a trial from a folder or from SDTM and write one; read grades to score."""

from ranvier.io.courses import read_table, write_course
from ranvier.io.grades import read_grades, write_table
from ranvier.io.reading import read_trial
from ranvier.io.sdtm_reading import is_sdtm, read_sdtm
from ranvier.io.sdtm_writing import write_sdtm
from ranvier.io.template import new_trial
from ranvier.io.writing import write_trial

__all__ = [
    "is_sdtm",
    "new_trial",
    "read_grades",
    "read_sdtm",
    "read_table",
    "read_trial",
    "write_course",
    "write_sdtm",
    "write_table",
    "write_trial",
]
