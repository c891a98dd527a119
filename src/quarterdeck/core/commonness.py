"""How much a word says: rare words decide what a question is about, common ones hardly do.

The lists are the commonest stems over five kinds of public text: privacy policies, a government handbook, encyclopaedia
sentences, bank customers' messages and spoken commands. A word must be common in all of them to be listed, so that the
subject of one does not make its own words cheap. (PolicyQA, MIT; the handbook of 18F, public domain; BEGIN, BANKING77 and
CLINC150, CC BY.)
"""

from __future__ import annotations

VERY_COMMON = frozenset(
    """
    abl accept access account activ ad add address allow amount anoth appli approv arriv ask assist avail back
    bank bill busi call card certain chang charg check choos come compani complet contact creat credit current
    dai date deliv differ direct don't enter exchang expect find first follow form free friend good help hold
    home includ inform interest intern keep kind know last learn leav limit list live locat long look lose mail
    make manag mani mean messag monei name new next number offer onlin open oper order pai person phone place
    plan point possibl post process product provid purchas put question rate reason receiv report request requir
    respons return review right run secur see send servic set share shop show someon soon specif state step
    still stop system take thing think time top track transfer try turn two type unit updat us visit wai want
    week well work write year
    """.split()  # noqa: SIM905 - one word a line would not read better
)

COMMON = frozenset(
    """
    accident accord acquir across act action actual addit advanc advis ag ago agre airlin alert along alreadi
    altern although alwai america american answer anyth app appear appl applic appoint appreci approach area
    around associ attempt author auto automat avoid awai awar b balanc base becom begin believ benefit best
    better big bit block board book brand break bring bui calendar cancel cannot car care carri case cash caus
    cell center child choic citi claim clear close co code colleg comment common commun comput concern conduct
    confer confirm connect consid contain content continu control convers copi correct cost countri cover custom
    data debit decid declin definit delet deliveri deni depart deposit describ design detail determin develop
    devic digit disabl discov discuss displai distribut document doesn't dollar drive due e earlier eat edit
    effect electron email emerg employ end engag engin enjoi enough entir entri establish even event everyth
    exampl exist experi expir explain express extra fact fair famili familiar far featur feder fee feel figur
    file fill final flight forward frame fraud freez full function fund futur ga gather gener get give go googl
    govern group hand handl happen happi hard health hear high histori holidai hotel hour hous id idea ident
    identifi immedi import improv incom incorrect increas indic individu info initi instead institut instruct
    insur intend internet investig involv isn't issu item job kid knowledg known l languag larg later latest let
    level light line link littl local lock log longer lot love low machin market match matter medic meet member
    method mind minimum minut miss mobil month morn move multipl nation near necessari need network never non
    note notic notifi obtain occur offic offici often old option organ origin outsid page parent part parti
    particular partner pass password past payment perform period permiss physic piec pin plai polici potenti
    prefer prepar present previous problem procedur program project proper protect public pull purpos quick rais
    rather reach read real realli recent recogn recommend record refer regard regular reject relat releas remain
    rememb remind remov rent repeat replac research reserv reset resolv respond restrict result retriev reward
    room rule safe sai save schedul screen search second seem select serv sever ship short shown side sign simpl
    singl site situat small social someth sort sourc speak special specifi speed spend st stai standard start
    statement statu steal store street student subject submit suggest suit suppli support sure talk target team
    tell ten term termin test th third three ticket todai togeth town traffic train transact travel tri trip
    typic u uk unabl understand union univers unless user usual util vacat valid valu variou verifi video view
    virtual wait warn watch websit welcom wing wish won't word world worri wrong york you're
    """.split()  # noqa: SIM905
)


def weight(term: str) -> float:
    """The weight of a stem, from 0.3 (everybody says it all the time) to 1 (it names something)."""
    if term in VERY_COMMON:
        return 0.3
    return 0.65 if term in COMMON else 1.0
