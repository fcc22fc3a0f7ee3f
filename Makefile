# The two commands a newcomer needs are `make demo` and `make test`; CONTRIBUTING.md has the rest.
.POSIX:
PY = .venv/bin/python
ARGS =

help:
	@echo "make demo        run the portal with a demo school (PORT=8123 make demo)"
	@echo "make demo-reset  delete the data of the demo"
	@echo "make test        all tests; make test ARGS=\"-k claim\" some of them"
	@echo "make coverage    unit tests with branch coverage"
	@echo "make mutants     changes the credit rules one by one; a test has to fail each time"
	@echo "make lint        all static checks; make format tidies"
	@echo "make manage      manage.py on the servers of the demo: make manage ARGS=\"makemigrations\""
	@echo "make services    only PostgreSQL and Valkey, until Ctrl-C"
	@echo "make bench       speed, as ratios"
	@echo "make lock        requirements*.txt anew from requirements/*.in"

demo:
	@.ci/setup demo && .ci/setup pdf && exec $(PY) -m cme_portal.demo $(ARGS)

demo-reset:
	@.ci/setup demo && exec $(PY) -m cme_portal.demo --reset

test:
	@.ci/setup dev && .ci/setup pdf && exec .ci/test $(ARGS)

coverage:
	@.ci/setup dev && $(PY) -m coverage erase && $(PY) -m coverage run -m pytest $(ARGS) && $(PY) -m coverage report

mutants:
	@.ci/setup dev && exec $(PY) tests/mutants.py $(ARGS)

lint:
	@.ci/setup dev && .ci/setup pdf && exec .ci/lint

format:
	@.ci/setup dev && $(PY) -m ruff check --fix-only --quiet . && $(PY) -m ruff format .

manage:
	@.ci/setup dev && exec $(PY) -m common.services run -- $(PY) manage.py $(ARGS)

services:
	@.ci/setup dev && exec $(PY) -m common.services serve

bench:
	@.ci/setup dev && exec $(PY) -m bench $(ARGS)

# Keeps what is pinned; ARGS=--upgrade takes new releases, once they are a week old (LOCK_BEFORE=2026-11-22: another day).
lock:
	@.ci/setup dev
	@for set in runtime demo dev; do \
		out=requirements-$$set.txt; [ $$set = runtime ] && out=requirements.txt; \
		$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
			--no-emit-index-url --custom-compile-command "make lock" \
			--exclude-newer "$${LOCK_BEFORE:-$$($(PY) -c 'import datetime as d; print(d.date.today() - d.timedelta(7))')}" \
			requirements/$$set.in -o $$out $(ARGS) || exit 1; \
	done

.PHONY: help demo demo-reset test coverage mutants lint format manage services bench lock
