"""Tests of the notifications floor."""
