"""Where people can be reached: addresses, their proofs and troubles, and the order of channels."""
