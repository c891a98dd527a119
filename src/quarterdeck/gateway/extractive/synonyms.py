"""Everyday words that people use for what policies call something else: *boss* and *manager*, *sick* and *ill*."""

from __future__ import annotations

from functools import lru_cache

from quarterdeck.core.stemming import stem

# One group a line. A word may stand in several groups; groups are not joined.
_GROUPS = """
vacation holiday leave off pto
pay salary wage compensation income earning paycheck
pay cost price fee charge
pay reimburse refund cover claim repay
cost price expensive rate amount
money budget allowance amount sum cash
raise increase rise
boss manager supervisor lead superior
employee staff colleague worker coworker personnel people
company employer firm organisation organization business
baby child newborn kid birth
child kid son daughter
parent mother father maternity paternity parental
sick ill illness sickness unwell
doctor physician medical gp
die death bereavement funeral deceased dead
grandmother grandfather grandparent grandparents
wife husband spouse partner
laptop computer machine notebook mac
phone telephone mobile smartphone cell
car vehicle automobile drive
drive kilometre mileage mile
plane aeroplane airplane flight fly airline air
trip travel journey visit
hotel lodging accommodation room
meal lunch dinner breakfast food eat
receipt bill invoice proof
buy purchase order acquire
lose lost missing misplace
steal theft stolen
break broken damage defect repair
password passphrase credential login
email mail message e-mail
secret confidential private restricted
hacker attack breach incident phishing
report notify tell inform
ask request apply application
apply request
allow permit may can permission
forbid prohibit ban
must require mandatory obligatory compulsory need
need require necessary
approve authorise authorize consent sign permission approval
quit resign leave resignation
fire dismiss terminate dismissal
notice warning
job position role post vacancy
hire recruit employ onboard
join start begin new
begin start commence
end finish expire stop lapse
expire lapse end
deadline due latest date
long duration length period time
maximum most limit up cap
minimum least
yearly annual annually year
monthly month
weekly week
daily day
often frequently times every
get receive obtain entitle have
give provide supply offer grant
keep retain store retention hold
delete erase remove destroy
change modify update correct edit
choose select pick
home remote remotely telework wfh
abroad foreign overseas country international
office site workplace building
course training class learning study
learn study education
exam examination test
bonus award reward incentive
pension retirement retire
dentist dental teeth tooth
glasses eye vision optician
physiotherapist physiotherapy therapy
insurance cover coverage plan
gift present hospitality
overtime extra additional
extra additional more supplement
night late evening
split divide share
part-time reduced
carry roll transfer rollover
unused remaining left over
return give back
help assistance support
hurt injure injury accident
anonymous anonymously unnamed
complain complaint grievance appeal
appeal disagree object objection review
fine penalty ticket
swap exchange
badge card pass id
card credit
wifi wi-fi wireless
camera video cctv footage recording
photo picture photograph image
guest visitor
customer client
supplier vendor contractor
teen child minor
test trial
quick quickly soon fast promptly immediately
""".strip().splitlines()


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _GROUPS:
        group = {stem(word) for word in line.split()}
        for term in group:
            table.setdefault(term, set()).update(group - {term})
    return {term: frozenset(others) for term, others in table.items()}


def synonyms(term: str) -> frozenset[str]:
    """Stems that may stand for this stem."""
    return _table().get(term, frozenset())
