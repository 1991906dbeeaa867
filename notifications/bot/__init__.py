"""The Telegram bot: updates come in, commands are carried out, answers go out."""
