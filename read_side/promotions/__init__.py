"""Promotions that apply by themselves: which are in force, and what they are for."""
