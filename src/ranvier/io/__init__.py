"""Reading and writing the files that hold trial data: trial folders, single tables, courses, SDTM."""

from ranvier.io.course_files import CourseFiles, read_course
from ranvier.io.courses import read_table, write_course
from ranvier.io.definitions import read_definition
from ranvier.io.grades import read_grades, write_table
from ranvier.io.plain import read_plain
from ranvier.io.reading import read_trial
from ranvier.io.sdtm_reading import is_sdtm, read_sdtm
from ranvier.io.sdtm_writing import write_sdtm
from ranvier.io.template import new_trial
from ranvier.io.writing import write_trial

__all__ = [
    "CourseFiles",
    "is_sdtm",
    "new_trial",
    "read_course",
    "read_definition",
    "read_grades",
    "read_plain",
    "read_sdtm",
    "read_table",
    "read_trial",
    "write_course",
    "write_sdtm",
    "write_table",
    "write_trial",
]
