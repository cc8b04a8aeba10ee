"""Publishing and subscribing: messages, handlers, threads."""

import sys
import threading

import redis

r = redis.Redis(port=int(sys.argv[1]))
p = r.pubsub()
try:
    p.parse_response()
except RuntimeError as error:
    print(error)
print(p.subscribed, p.get_message(timeout=0.01))
p.subscribe("one", "two")
p.psubscribe("p*")
for _ in range(3):
    print(p.get_message(timeout=20))
print(sorted(p.channels), sorted(p.patterns), p.subscribed)
print(r.publish("one", "first"), r.publish("pattern", b"\xff"), r.publish("nobody", "x"))
print(p.get_message(timeout=20), p.get_message(timeout=20), p.get_message(timeout=0.01))
p.unsubscribe("two")
print(p.get_message(timeout=20), p.get_message(ignore_subscribe_messages=True, timeout=0.01), sorted(p.channels))
handled = []
p.subscribe(three=handled.append)
print(p.get_message(ignore_subscribe_messages=True, timeout=20))
r.publish("three", "for the handler")
while not handled:
    p.get_message(timeout=0.1)
print(handled)
p.ping("hello")
print(p.get_message(timeout=20))
p.unsubscribe()
p.punsubscribe()
left = [(message["type"], message["channel"], message["data"]) for message in p.listen()]
print(sorted(left), p.subscribed)
p.close()

arrived = threading.Event()
with r.pubsub(ignore_subscribe_messages=True) as q:
    q.subscribe(work=lambda message: (print(message), arrived.set()))
    print(q.get_message(timeout=20))
    thread = q.run_in_thread(sleep_time=0.01)
    r.publish("work", "in a thread")
    print(arrived.wait(20))
    thread.stop()
    thread.join()
    q.subscribe("no-handler")
    try:
        q.run_in_thread()
    except redis.PubSubError as error:
        print(type(error).__name__, error)
text = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
s = text.pubsub()
s.subscribe("one")
print(s.get_message(timeout=20))
r.publish("one", "as text")
print(s.get_message(timeout=20))
print(r.pubsub_channels("on*"), r.pubsub_numsub("one", "two"))
s.close()
text.close()
r.close()
