"""``az`` for scripts that were written for the cloud's command line, answered for one's own server.

``lapis az install`` puts a script of that name in front of the PATH; it runs ``python -m lapisml.azshim``. ``az ml …``
is ``lapis …``; the few commands around it (`lapisml.azshim.main`) answer in their own form; everything else is refused
with exit code 2 and a sentence that says what it is not.
"""
