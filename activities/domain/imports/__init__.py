"""Attendance from files: rosters and webinar reports, from the upload to the record and back (docs/developer/imports.md)."""
