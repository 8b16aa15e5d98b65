"""Jobs of several processes ("ranks") on this machine; imported only for jobs that ask for `distribution`."""
