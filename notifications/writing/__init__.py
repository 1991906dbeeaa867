"""The texts of messages: their facts, variables, templates, languages, links and pictures."""
