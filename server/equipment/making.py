"""The equipment test's parts, made once for an application."""

from aiohttp import web

from server import keys
from server.ground import Ground
from server.identity.second_factor import CodeRules, SecondFactor
from server.parts import Parts

from .access import Equipment
from .echo_process import EchoProcess
from .echoes import Echoes, at_once_by_cores
from .turns import Turns

#: Beyond its seconds and its answer's, an echo has this long to connect and to close.
CLOSING = 25.0


def try_out(app: web.Application, parts: Parts, ground: Ground, rules: CodeRules) -> None:
    config = ground.config
    app[keys.EQUIPMENT] = Equipment(
        config=config,
        clock=ground.clock,
        registre=ground.registre,
        links=ground.links,
        keeper=ground.keeper,
        second_factor=SecondFactor(ground.keeper, rules, parts.codes, "materiel"),
        codes=ground.codes,
        fenetre=ground.fenetre,
        changed=ground.pusher.entry_changed,
        nudge=ground.postman.nudge,
    )
    app[keys.ECHOES] = Echoes(
        EchoProcess(config.echo_seconds, config.echo_answer),
        Turns(at_once_by_cores(config.echo_at_once, config.workers), config.echo_waiting),
        (config.echo_seconds + config.echo_answer).total_seconds() + CLOSING,
    )
