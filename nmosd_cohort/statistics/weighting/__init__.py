"""Patients weighted so that their means are those of another population, and outcomes of patients so weighted."""
