"""Making studies whose runs are trained on prompts."""
