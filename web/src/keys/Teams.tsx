/** The teams: whose keys are counted together. */
import { Button, TextInput } from '@mantine/core';
import { IconUsersGroup } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { plural } from '../text/numbers';
import { teams as teamsQuery } from '../usage/queries';
import look from './Keys.module.css';

export function Teams() {
  const teams = useQuery(teamsQuery());
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ['teams'] });
  const add = useMutation({
    mutationFn: () => read(wire.POST('/api/v1/teams', { body: { name: name.trim() } })),
    async onSuccess() {
      setName('');
      await again();
    },
  });
  const remove = useMutation({ mutationFn: (team: string) => wire.DELETE('/api/v1/teams/{name}', { params: { path: { name: team } } }), onSuccess: again });
  return (
    <Card
      title={teams.data ? plural(teams.data.items.length, 'team') : 'Teams'}
      note="Keys of a team share its budgets"
      flush
      actions={
        <form
          className={look.rowEnd}
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) add.mutate();
          }}
        >
          <TextInput aria-label="Name of the new team" placeholder="search" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" disabled={!name.trim()} loading={add.isPending}>
            Add a team
          </Button>
        </form>
      }
    >
      {(add.isError || remove.isError) && <Failure thrown={add.error ?? remove.error} />}
      <Loaded from={teams} loading={<Rows count={2} />} isEmpty={(data) => data.items.length === 0} empty={<Empty icon={IconUsersGroup} title="No team yet">With teams, keys can share a budget, and spending is told for each.</Empty>}>
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Team</th>
                  <th scope="col">For</th>
                  <th scope="col" className={table.right}>
                    Keys
                  </th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((team) => (
                  <tr key={team.id}>
                    <td className={table.rowLink}>{team.name}</td>
                    <td className={table.quiet}>{team.description}</td>
                    <td className={table.right}>{team.keys}</td>
                    <td>
                      <div className={look.rowEnd}>
                        <Link to="/usage/$section" params={{ section: 'spend' }} search={{ team: team.name }} aria-label={`Spending of ${team.name}`}>
                          Spending
                        </Link>
                        {team.owner !== 'file' && team.keys === 0 && (
                          <Button size="xs" variant="subtle" onClick={() => remove.mutate(team.name)} aria-label={`Delete the team ${team.name}`}>
                            Delete
                          </Button>
                        )}
                      </div>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  );
}
