"""The load client: votes as browsers and impatient people do, and keeps a record of each vote."""
