"""Files of this machine for jobs that run elsewhere: only what a sealed ticket names."""
