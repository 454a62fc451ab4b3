<?php
// uid|start|end in seconds since 1970, by sabre/vobject.
require_once 'Sabre/VObject/autoload.php';
$calendar = Sabre\VObject\Reader::read(file_get_contents($argv[1]));
foreach ($calendar->VEVENT as $event) {
    $start = $event->DTSTART->getDateTime()->getTimestamp();
    $end = $event->DTEND->getDateTime()->getTimestamp();
    echo "{$event->UID}|$start|$end\n";
}
