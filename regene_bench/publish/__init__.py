"""Leaderboards for others: web pages, a git repository, the Hugging Face Hub."""
