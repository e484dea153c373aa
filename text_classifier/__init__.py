"""Scheduled, audited retraining of LSTM text classifiers: the domain, without any orchestrator."""
