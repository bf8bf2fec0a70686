"""What priors, students and objectives share: the contract, schedules, noising, guidance, times."""
