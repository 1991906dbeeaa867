"""Telegram beneath the bot: texts, calls, faults, chats of many people."""
