# An application: opens a database with real SQLite and its real locks, which a WAL needs that another process reads, and runs
# the SQL that it is sent, a line of JSON each. It never closes the database by itself.
import json, sqlite3, sys

db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
for line in sys.stdin:
    try:
        rows = []
        for statement in json.loads(line):
            rows = db.execute(statement).fetchall()
        answer = {"ok": True, "rows": [row for row in rows if not any(isinstance(one, bytes) for one in row)]}
    except Exception as error:
        answer = {"ok": False, "error": str(error)}
    print(json.dumps(answer), flush=True)
