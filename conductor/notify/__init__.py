"""Tell people what happened: Slack, e-mail, PagerDuty. A notifier that fails never fails a batch."""
